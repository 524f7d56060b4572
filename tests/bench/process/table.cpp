// SPDX-License-Identifier: Apache-2.0
#include "table.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>

#include <sys/utsname.h>
#include <unistd.h>

namespace vigil::bench {

namespace {

struct row {
    std::string figure;
    unit in{"", 1, 2};
    std::optional<double> value{};
    std::string baseline{};
    std::optional<double> baseline_value{};
    std::optional<double> ratio{};
    std::string limit{};
    std::optional<bool> kept{};
    std::string words{}; ///< in the place of a value
};

struct circumstances {
    std::string date, machine;
    int runs = 0;
};

std::vector<row> the_rows;
circumstances the_circumstances;

std::string text(double value, int digits)
{
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, "%.*f", digits, value);
    return buffer;
}

std::string text(double value, unit in)
{
    const bool apart = in.name[0] != '/' && in.name[0] != '\0';
    return text(value * in.factor, in.digits) + (apart ? " " : "") + in.name;
}

std::string today()
{
    const std::time_t now = std::time(nullptr);
    char buffer[16];
    std::strftime(buffer, sizeof buffer, "%Y-%m-%d", std::gmtime(&now));
    return buffer;
}

std::string this_machine()
{
    std::string model = "an unknown processor";
    std::ifstream in("/proc/cpuinfo");
    const std::string key = "model name\t: ";
    for (std::string line; std::getline(in, line);) {
        if (line.rfind(key, 0) == 0) model = line.substr(key.size());
    }
    utsname system = {};
    ::uname(&system);
    return std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " × " + model + ", " + system.sysname + " " +
           system.release;
}

void print(row printed)
{
    std::string value = printed.words, baseline, ratio, limit = printed.limit;
    if (printed.value) value = text(*printed.value, printed.in);
    if (printed.baseline_value) baseline = printed.baseline + ", " + text(*printed.baseline_value, printed.in);
    if (printed.ratio) ratio = text(*printed.ratio, 2);
    if (printed.kept == false) limit += ", missed";
    std::printf("| %s | %s | %s | %s | %s |\n", printed.figure.c_str(), value.c_str(), baseline.c_str(), ratio.c_str(),
                limit.c_str());
    std::fflush(stdout);
    the_rows.push_back(std::move(printed));
}

// The row of a figure, and of its baseline where that was measured.
row row_of(const std::string& figure, const series& measured, unit in, const std::string& baseline = {})
{
    row made{figure, in};
    made.value = median(measured.figure);
    if (!measured.baseline.empty()) {
        made.baseline = baseline;
        made.baseline_value = median(measured.baseline);
        made.ratio = measured.ratio();
    }
    return made;
}

void print_limited(row limited, const std::string& limit, bool kept)
{
    limited.limit = limit;
    limited.kept = kept;
    print(std::move(limited));
}

std::string json(const std::string& words)
{
    std::string quoted = "\"";
    for (const char c : words) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

std::string json(const row& one)
{
    std::string object = "{\"figure\": " + json(one.figure);
    const auto number = [&](const char* name, std::optional<double> value, double factor, int digits) {
        if (value) object += std::string(", \"") + name + "\": " + text(*value * factor, digits);
    };
    number("value", one.value, one.in.factor, one.in.digits);
    if (one.value && one.in.name[0] != '\0') object += ", \"unit\": " + json(one.in.name);
    if (one.baseline_value) object += ", \"baseline\": " + json(one.baseline);
    number("baseline_value", one.baseline_value, one.in.factor, one.in.digits);
    number("ratio", one.ratio, 1, 4);
    if (!one.limit.empty()) object += ", \"limit\": " + json(one.limit);
    if (one.kept) object += std::string(", \"kept\": ") + (*one.kept ? "true" : "false");
    if (!one.words.empty()) object += ", \"note\": " + json(one.words);
    return object + "}";
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

void print_head(int runs)
{
    the_circumstances = {today(), this_machine(), runs};
    std::printf("Measured on %s in %d runs on %s:\n\n", the_circumstances.date.c_str(), runs,
                the_circumstances.machine.c_str());
    std::printf("| figure | Vigil | baseline | ratio | limit |\n| --- | --- | --- | --- | --- |\n");
}

void print_row(const std::string& figure, const series& measured, unit in, const std::string& baseline,
               std::optional<double> most)
{
    row made = row_of(figure, measured, in, baseline);
    if (most) {
        print_limited(std::move(made), "≤ " + text(*most, 2), measured.ratio() <= *most);
    } else {
        print(std::move(made));
    }
}

void print_row_at_least(const std::string& figure, const series& measured, unit in, const std::string& baseline,
                        double least)
{
    print_limited(row_of(figure, measured, in, baseline), "≥ " + text(least, in), median(measured.figure) >= least);
}

void print_row_at_most(const std::string& figure, const series& measured, unit in, double most)
{
    print_limited(row_of(figure, measured, in), "≤ " + text(most, in), median(measured.figure) <= most);
}

void print_row_wanted(const std::string& figure, const series& measured, unit in, const std::string& baseline,
                      double wanted)
{
    row made = row_of(figure, measured, in, baseline);
    made.limit = "wanted: " + text(wanted, in);
    print(std::move(made));
}

void print_ratio_row(const std::string& figure, const series& measured, double least)
{
    row made{figure};
    made.ratio = measured.ratio();
    print_limited(std::move(made), "≥ " + text(least, 0), measured.ratio() >= least);
}

void print_exponent_row(const std::string& figure, double exponent, std::optional<double> most)
{
    row made{figure};
    made.value = exponent;
    if (most) {
        print_limited(std::move(made), "≤ " + text(*most, made.in), exponent <= *most);
    } else {
        print(std::move(made));
    }
}

void print_words_row(const std::string& figure, const std::string& words)
{
    row made{figure};
    made.words = words;
    print(std::move(made));
}

int limits_missed() noexcept
{
    return static_cast<int>(
        std::count_if(the_rows.begin(), the_rows.end(), [](const row& r) { return r.kept == false; }));
}

bool write_json(const std::string& path)
{
    std::ofstream out(path);
    out << "{\"date\": " << json(the_circumstances.date) << ", \"machine\": " << json(the_circumstances.machine)
        << ", \"runs\": " << the_circumstances.runs << ", \"rows\": [";
    const char* between = "\n  ";
    const std::string same = "the same";
    std::string last; // the figure that "the same" is
    for (row one : the_rows) {
        if (one.figure.rfind(same, 0) == 0) {
            one.figure = last + one.figure.substr(same.size());
        } else {
            last = one.figure;
        }
        out << between << json(one);
        between = ",\n  ";
    }
    out << "\n]}\n";
    return static_cast<bool>(out.flush());
}

} // namespace vigil::bench
