// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/progress.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include <unistd.h>

namespace vigil::sim {

namespace {

// How many failures are told in full; the reports have all.
constexpr std::size_t k_most_told = 50;
constexpr auto k_bar_pause = std::chrono::milliseconds(100);
constexpr auto k_line_pause = std::chrono::seconds(10);
constexpr std::size_t k_bar_width = 30;

std::string counts_text(const totals& counts)
{
    std::string text;
    for (const verdict_word& one : k_verdicts) {
        if (counts.of(one.end) == 0) continue;
        text += (text.empty() ? "" : ", ") + std::to_string(counts.of(one.end)) + " " + std::string(one.word);
    }
    return text.empty() ? "none" : text;
}

void tell(const scenario_outcome& outcome)
{
    std::fprintf(stderr, "%s: %s: %s\n", text_of(outcome.failure ? outcome.failure->where : outcome.where).c_str(),
                 outcome.name.c_str(), headline_of(outcome).c_str());
    for (const std::string& line : outcome.last_lines) std::fprintf(stderr, "    | %s\n", line.c_str());
    if (!outcome.transcript.empty()) std::fprintf(stderr, "    vigil-sim -replay %s\n", outcome.transcript.c_str());
}

} // namespace

progress::progress(std::size_t all) : all_(all), terminal_(::isatty(STDERR_FILENO) != 0)
{
    drawn_ = std::chrono::steady_clock::now();
}

void progress::add(const scenario_outcome& outcome, const totals& counts)
{
    if (is_bad(outcome.end) && ++told_ <= k_most_told) {
        wipe();
        tell(outcome);
        if (told_ == k_most_told) std::fprintf(stderr, "(what else fails stands in the reports)\n");
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - drawn_ < (terminal_ ? std::chrono::nanoseconds(k_bar_pause) : std::chrono::nanoseconds(k_line_pause)))
        return;
    drawn_ = now;
    draw(counts);
}

void progress::wipe()
{
    if (bar_) std::fputs("\r\033[K", stderr);
    bar_ = false;
}

void progress::draw(const totals& counts)
{
    const std::size_t done = counts.all();
    const std::string text = std::to_string(done) + " of " + std::to_string(all_) + ": " + counts_text(counts);
    if (!terminal_) {
        std::fprintf(stderr, "%s\n", text.c_str());
        return;
    }
    const std::size_t filled = all_ == 0 ? k_bar_width : std::min(k_bar_width, k_bar_width * done / all_);
    std::fprintf(stderr, "\r\033[K[%s%s] %s", std::string(filled, '#').c_str(),
                 std::string(k_bar_width - filled, ' ').c_str(), text.c_str());
    bar_ = true;
}

void progress::finish(const totals& counts, std::chrono::nanoseconds wall_time)
{
    wipe();
    std::fprintf(stderr, "%zu scenarios in %.1f s: %s\n", counts.all(),
                 std::chrono::duration<double>(wall_time).count(), counts_text(counts).c_str());
}

} // namespace vigil::sim
