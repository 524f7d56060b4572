// SPDX-License-Identifier: Apache-2.0
#include "picture.h"

#include <algorithm>
#include <cstdio>
#include <fstream>

namespace vigil::bench {

namespace {

constexpr double k_width = 340, k_height = 250; // of a panel
constexpr double k_left = 44, k_right = 20, k_top = 34, k_bottom = 40;

// Each is legible on white and on black.
constexpr const char* k_ink = "#767676";
constexpr const char* k_vigil = "#2f81f7";
constexpr const char* k_naive = "#c8640a";

std::string text(double value)
{
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.1f", value);
    return buffer;
}

// Powers of ten with the values in between.
struct decades {
    int first, last;

    explicit decades(const std::vector<double>& values)
        : first(static_cast<int>(std::floor(std::log10(*std::min_element(values.begin(), values.end()))))),
          last(std::max(first + 1, static_cast<int>(
                                       std::ceil(std::log10(*std::max_element(values.begin(), values.end())) - 1e-9))))
    {
    }
    // 0 at the first, 1 at the last.
    double part(double value) const { return (std::log10(value) - first) / (last - first); }
};

struct frame {
    double left;
    decades numbers, costs;

    double x(double number) const { return left + k_left + numbers.part(number) * (k_width - k_left - k_right); }
    double y(double cost) const { return k_height - k_bottom - costs.part(cost) * (k_height - k_top - k_bottom); }
};

std::string words(double x, double y, const char* anchor, const std::string& said)
{
    return "  <text x=\"" + text(x) + "\" y=\"" + text(y) + "\" text-anchor=\"" + anchor + "\">" + said + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2)
{
    return "  <path d=\"M" + text(x1) + " " + text(y1) + "L" + text(x2) + " " + text(y2) +
           "\" stroke-opacity=\"0.35\"/>\n";
}

// 0.01, 1, 100, 10k, 1M.
std::string power_of_ten(int exponent)
{
    if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + "1";
    const char* const thousands[] = {"", "k", "M", "G", "T"};
    return "1" + std::string(static_cast<std::size_t>(exponent % 3), '0') + thousands[std::min(exponent / 3, 4)];
}

std::string axes(const frame& in, const std::string& title, const std::string& over)
{
    std::string all;
    const double right = in.left + k_width - k_right, bottom = k_height - k_bottom;
    for (int at = in.costs.first; at <= in.costs.last; ++at) {
        const double y = in.y(std::pow(10, at));
        all += line(in.left + k_left, y, right, y);
        all += words(in.left + k_left - 6, y + 4, "end", power_of_ten(at));
    }
    for (int at = in.numbers.first; at <= in.numbers.last; ++at) {
        const double x = in.x(std::pow(10, at));
        all += line(x, k_top, x, bottom);
        all += words(x, bottom + 16, "middle", power_of_ten(at));
    }
    all += words(in.left + k_left, k_top - 14, "start", title);
    all += words((in.left + k_left + right) / 2, k_height - 6, "middle", over);
    return all;
}

std::string curve(const frame& in, const std::vector<cost_at>& points, const char* colour, const char* dashes)
{
    std::string path, dots;
    for (const cost_at& point : points) {
        const std::string x = text(in.x(point.number)), y = text(in.y(point.cost));
        path += (path.empty() ? "M" : "L") + x + " " + y;
        dots += "  <circle cx=\"" + x + "\" cy=\"" + y + "\" r=\"3\" fill=\"" + colour + "\" stroke=\"none\"/>\n";
    }
    return "  <path d=\"" + path + "\" stroke=\"" + colour + "\" stroke-width=\"2\"" + dashes + "/>\n" + dots;
}

std::string key(double right)
{
    const auto entry = [](double x, const char* colour, const std::string& name) {
        return "  <circle cx=\"" + text(x) + "\" cy=\"16\" r=\"4\" fill=\"" + colour + "\" stroke=\"none\"/>\n" +
               words(x + 8, 20, "start", name);
    };
    return entry(right - 130, k_vigil, "Vigil") + entry(right - 76, k_naive, "naive model");
}

std::string drawn(double left, const panel& shown, const std::string& over)
{
    std::vector<double> numbers, costs;
    for (const auto* points : {&shown.vigil, &shown.naive}) {
        for (const cost_at& point : *points) {
            numbers.push_back(point.number);
            costs.push_back(point.cost);
        }
    }
    const frame in{left, decades(numbers), decades(costs)};
    return axes(in, shown.title, over) + curve(in, shown.naive, k_naive, " stroke-dasharray=\"5 3\"") +
           curve(in, shown.vigil, k_vigil, "");
}

} // namespace

bool draw(const std::string& path, const std::string& over, const std::vector<panel>& panels)
{
    const double width = k_width * static_cast<double>(panels.size());
    std::string titles;
    for (const panel& one : panels) titles += (titles.empty() ? "" : "; ") + one.title;
    std::ofstream out(path);
    out << "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << text(width) << " " << text(k_height)
        << "\" width=\"" << text(width) << "\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n"
        << "<title>Vigil and a naive model over the " << over << "</title>\n"
        << "<desc>" << titles << ", each over the " << over << ", on logarithmic axes.</desc>\n"
        << "<g fill=\"none\" stroke=\"" << k_ink << "\">\n"
        << "<style>text { fill: " << k_ink << "; stroke: none; }</style>\n";
    double left = 0;
    for (const panel& one : panels) {
        out << drawn(left, one, over);
        left += k_width;
    }
    out << key(k_width - k_right) << "</g>\n</svg>\n";
    return static_cast<bool>(out.flush());
}

} // namespace vigil::bench
