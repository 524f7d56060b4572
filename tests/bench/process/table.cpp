// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <algorithm>
#include <cstdio>

namespace vigil::bench {

namespace {

std::string text(double value, int digits)
{
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    return buffer;
}

std::string text(double value, unit in)
{
    return text(value * in.factor, in.digits) + (in.name[0] == '/' ? "" : " ") + in.name;
}

int the_missed = 0;

// What a row says of its limit.
std::string limit_text(const std::string& limit, bool kept)
{
    if (!kept) ++the_missed;
    return limit + (kept ? "" : ", missed");
}

void print(const std::string& figure, const series& measured, unit in, const std::string& baseline,
           const std::string& limit)
{
    std::string against, ratio;
    if (!measured.baseline.empty()) {
        against = baseline + ", " + text(median(measured.baseline), in);
        ratio = text(measured.ratio(), 2);
    }
    const std::string ours = text(median(measured.figure), in);
    std::printf("| %s | %s | %s | %s | %s |\n", figure.c_str(), ours.c_str(), against.c_str(), ratio.c_str(),
                limit.c_str());
    std::fflush(stdout);
}

} // namespace

double median(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

double series::ratio() const
{
    std::vector<double> ratios;
    for (std::size_t i = 0; i < baseline.size(); ++i) ratios.push_back(figure[i] / baseline[i]);
    return median(ratios);
}

void print_head() { std::printf("| figure | Vigil | baseline | ratio | limit |\n| --- | --- | --- | --- | --- |\n"); }

void print_row(const std::string& figure, const series& measured, unit in, const std::string& baseline,
               std::optional<double> most)
{
    std::string limit;
    if (most) limit = limit_text("≤ " + text(*most, 1), measured.ratio() <= *most);
    print(figure, measured, in, baseline, limit);
}

void print_row_at_least(const std::string& figure, const series& measured, unit in, const std::string& baseline,
                        double least)
{
    print(figure, measured, in, baseline, limit_text("≥ " + text(least, in), median(measured.figure) >= least));
}

void print_row_at_most(const std::string& figure, const series& measured, unit in, double most)
{
    print(figure, measured, in, "", limit_text("≤ " + text(most, in), median(measured.figure) <= most));
}

void print_ratio_row(const std::string& figure, const series& measured, double least)
{
    std::printf("| %s |  |  | %s | %s |\n", figure.c_str(), text(measured.ratio(), 0).c_str(),
                limit_text("≥ " + text(least, 0), measured.ratio() >= least).c_str());
    std::fflush(stdout);
}

int limits_missed() noexcept { return the_missed; }

} // namespace vigil::bench
