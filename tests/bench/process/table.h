// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BENCH_PROCESS_TABLE_H
#define VIGIL_TESTS_BENCH_PROCESS_TABLE_H

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vigil::bench {

double median(std::vector<double> values);

/// Seconds that `call` takes, once.
template <class Call> double seconds_of(Call call)
{
    using steady = std::chrono::steady_clock;
    const auto start = steady::now();
    call();
    return std::chrono::duration<double>(steady::now() - start).count();
}

/// Median of the seconds that `call` takes, each time after `prepare`.
template <class Prepare, class Call> double median_seconds(int times, Prepare prepare, Call call)
{
    std::vector<double> all;
    for (int i = 0; i < times; ++i) {
        prepare();
        all.push_back(seconds_of(call));
    }
    return median(all);
}

/// How many round trips `seconds_of_trip` measures.
inline constexpr int k_trips = 20'000;

/// Median of the seconds of a round trip. Single ones are of two kinds, as the kernel lets the client go on from within
/// the server's `send` or not, and it may be half of either: their median would be that of one kind or the other. So it
/// is that of a hundred at a time.
template <class Trip> double seconds_of_trip(Trip once)
{
    constexpr int at_a_time = 100;
    return median_seconds(
               k_trips / at_a_time, [] {},
               [&] {
                   for (int i = 0; i < at_a_time; ++i) once();
               }) /
           at_a_time;
}

/// A figure and the baseline that it is held against, measured one after the other in each run.
struct series {
    std::vector<double> figure, baseline;

    void add(double of_figure, double of_baseline)
    {
        figure.push_back(of_figure);
        baseline.push_back(of_baseline);
    }
    /// Median of the runs' ratios: what slows a whole run down does not count.
    double ratio() const;
};

struct unit {
    const char* name;
    double factor; ///< from seconds, KiB or per second
    int digits;
};
inline constexpr unit k_ns{"ns", 1e9, 1};
inline constexpr unit k_us{"µs", 1e6, 2};
inline constexpr unit k_ms{"ms", 1e3, 2};
inline constexpr unit k_kib{"KiB", 1, 2};
inline constexpr unit k_mib{"MiB", 1.0 / 1024, 1};
inline constexpr unit k_per_second{"/s", 1, 0};

/// Says when and on what machine this is measured, and begins the table.
void print_head(int runs);
/// Prints a row; the baseline's cells stay empty where it was not measured. A limit that is missed is said to be.
void print_row(const std::string& figure, const series& measured, unit in, const std::string& baseline,
               std::optional<double> most = std::nullopt);
/// As above, for a figure that must reach something.
void print_row_at_least(const std::string& figure, const series& measured, unit in, const std::string& baseline,
                        double least);
/// As above, for one that must not be more than something.
void print_row_at_most(const std::string& figure, const series& measured, unit in, double most);
/// As above, for one that depends on the machine: what is wanted (as measured: seconds, KiB) is said, and nothing
/// follows from it.
void print_row_wanted(const std::string& figure, const series& measured, unit in, const std::string& baseline,
                      double wanted);
/// A row of the ratio alone, which must reach something.
void print_ratio_row(const std::string& figure, const series& measured, double least);
/// A row of an exponent: how a cost grows with the number of what costs it.
void print_exponent_row(const std::string& figure, double exponent, std::optional<double> most = std::nullopt);
/// A row of words alone, for what could not be measured.
void print_words_row(const std::string& figure, const std::string& words);
/// How many limits were missed so far.
int limits_missed() noexcept;
/// Writes the rows printed so far as JSON; returns whether that went well.
bool write_json(const std::string& path);

} // namespace vigil::bench

#endif
