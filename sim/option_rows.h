// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTION_ROWS_H
#define VIGIL_SIM_OPTION_ROWS_H

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/sim/options.h>

/// The command line's options as tables, a file per group; options.cpp puts them together.
namespace vigil::sim {

/// What is wrong with an option's argument; nothing where it is fine.
using failure = std::optional<qmp_bridge::option_error>;

inline const failure k_fine = std::nullopt;

/// Where a monitor or server meets its clients: a chardev of its own, or that of a -chardev, by its id. The latter are
/// looked up once every option is known.
struct chardev_place {
    std::optional<qmp_bridge::chardev> own;
    std::string id;
};

struct mon_request {
    chardev_place where;
    bool pretty;
};

/// A command line as far as it is read.
struct option_parser {
    sim_options result;
    std::map<std::string, qmp_bridge::chardev> chardevs;
    std::vector<mon_request> mons;
    std::optional<chardev_place> qtest;
    std::vector<std::string_view> named; ///< the options given so far
    bool nodefaults = false;
    bool no_vga = false;
    bool no_nic = false;
    bool accelerator_named = false;
    bool qtest_accelerator = false;
    std::optional<qmp_bridge::pump::pace> pace;
};

/// One option of the command line.
struct option_row {
    std::string_view name;
    std::string_view argument; ///< as -help shows it; empty: takes none
    std::string_view help;     ///< one line; for options without effect, empty
    failure (*act)(option_parser&, const std::string&);
};

/// Options that belong together.
class option_group {
public:
    template <std::size_t N>
    constexpr option_group(std::string_view its_title, const option_row (&table)[N])
        : title(its_title), first_(table), size_(N)
    {
    }

    const option_row* begin() const noexcept { return first_; }
    const option_row* end() const noexcept { return first_ + size_; }

    std::string_view title;

private:
    const option_row* first_;
    std::size_t size_;
};

option_group machine_options() noexcept;
option_group monitor_options() noexcept;
option_group program_options() noexcept;
option_group run_options() noexcept;

// For messages.

std::string quoted(std::string_view text);
/// "; did you mean 'X'?", or nothing where no candidate is near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);
/// The error for a key of `list` that nobody took.
failure unknown_parameter(const qmp_bridge::option_list& list);

} // namespace vigil::sim

#endif
