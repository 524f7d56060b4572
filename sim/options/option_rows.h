// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_OPTIONS_OPTION_ROWS_H
#define VIGIL_SIM_OPTIONS_OPTION_ROWS_H

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vigil/sim/options/option_store.h>
#include <vigil/sim/options/options.h>

/// The command line's options as tables, a file per group; options.cpp puts them together.
namespace vigil::sim {

/// The numbers of -smp; 0 where one was not given.
struct cpu_topology {
    std::uint32_t cpus = 0;
    std::uint32_t sockets = 0;
    std::uint32_t dies = 0;
    std::uint32_t clusters = 0;
    std::uint32_t cores = 0;
    std::uint32_t threads = 0;
    std::uint32_t maxcpus = 0;

    std::uint64_t product() const noexcept { return std::uint64_t{sockets} * dies * clusters * cores * threads; }
};

/// A command line as far as it is read.
struct option_parser {
    explicit option_parser(const config_reader& reader) : read_config(reader) {}

    const config_reader& read_config;
    sim_options result;
    qmp_bridge::option_place here;                       ///< what is being looked at
    option_store store;                                  ///< what is looked at once every option is known
    std::map<std::string, qmp_bridge::chardev> chardevs; ///< by their ids, the short forms of -qmp included
    std::vector<std::string> chardevs_in_use;
    std::optional<std::string> qtest;    ///< the id of its chardev
    std::vector<std::string_view> named; ///< the options given so far
    std::string cpu = "qemu64";          ///< the argument of -cpu
    qmp_bridge::option_place cpu_place;  ///< and where that was
    std::string cpu_model;               ///< once it is read
    bool cpu_names_crash = false;        ///< it says whether there are crash MSRs
    unsigned qmp_monitors = 0;           ///< how many -qmp and -qmp-pretty there were
    bool log_by_thread = false;          ///< -d tid
    cpu_topology topology;               ///< of -smp
    qmp_bridge::option_place smp_place;  ///< the last of them
    bool nodefaults = false;
    bool no_vga = false;
    bool no_nic = false;
    std::vector<std::string> accelerators;       ///< in the order they are to be tried
    bool machine_accelerated = false;            ///< they come from -machine
    bool machine_help = false;                   ///< -machine help
    std::optional<qmp_bridge::vocabulary> words; ///< of -qmp-schema
    std::optional<qemu_version> version;         ///< of -qemu-version
    qemu_behaviour behaviour;                    ///< of the version, wherever that is named
    std::optional<qmp_bridge::pace> pace;
    std::optional<runstate::ns> stall; ///< of -clock
};

/// The refusal of what was written at `where`, which is what is being looked at from now on.
inline failure refuse_at(option_parser& p, const qmp_bridge::option_place& where, const std::string& what)
{
    p.here = where;
    return where.refuse(what);
}

/// One option of the command line.
struct option_row {
    std::string_view name;
    std::string_view argument;                          ///< as -help shows it; empty: takes none
    std::string_view help;                              ///< one line; for options without effect, empty
    failure (*act)(option_parser&, const std::string&); ///< null: the argument is kept as an entry of `group`
    std::string_view group = {};                        ///< that the arguments go to; empty: they are not kept
};

/// What an entry of a group means.
struct group_meaning {
    std::string_view group;
    failure (*resolve)(option_parser&, option_entry&);
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

/// Whether arguments of an option go to the group of that name.
bool has_option(std::string_view group);

/// What -machine takes; no group of fixed keys, as it depends on the machine.
std::vector<option_key> machine_keys();

option_group device_options() noexcept;
option_group machine_options() noexcept;
option_group monitor_options() noexcept;
option_group remote_machine_options() noexcept;
option_group program_options() noexcept;
option_group run_options() noexcept;

// What the entries of each group mean; the first error ends the start.

failure resolve_machine(option_parser& p, option_entry& entry);
failure resolve_accelerator(option_parser& p, option_entry& entry);
failure resolve_nic(option_parser& p, option_entry& entry);
failure resolve_memory(option_parser& p, option_entry& entry);
failure resolve_cpus(option_parser& p, option_entry& entry);
failure resolve_boot_order(option_parser& p, option_entry& entry);
failure resolve_rtc(option_parser& p, option_entry& entry);
failure resolve_overcommit(option_parser& p, option_entry& entry);
failure resolve_name(option_parser& p, option_entry& entry);
failure resolve_action(option_parser& p, option_entry& entry);
failure resolve_messages(option_parser& p, option_entry& entry);
failure resolve_sandbox(option_parser& p, option_entry& entry);
failure resolve_chardev(option_parser& p, option_entry& entry);
failure resolve_monitor(option_parser& p, option_entry& entry);
failure resolve_object(option_parser& p, option_entry& entry);
failure resolve_device(option_parser& p, option_entry& entry);
/// -cpu, which is no entry.
failure resolve_cpu(option_parser& p);
/// All -smp together.
failure resolve_topology(option_parser& p);
/// The -global that concern the machine itself, and warnings of those that concern nothing.
failure resolve_defaults(option_parser& p);
/// What is given to another machine, and how that is acted on.
failure resolve_remote_machine(option_parser& p);

/// The row of what switches that machine's power; null: there is nothing.
const device_row* power_management_row(const machine_config& machine);

/// Keeps an argument as an entry of a group.
failure keep(option_parser& p, std::string_view group, const std::string& value);

// For messages.

using qmp_bridge::quoted;
/// "; did you mean 'X'?", or nothing where no candidate is near.
std::string suggestion(std::string_view word, const std::vector<std::string_view>& candidates);
/// The error for a key of `list` that nobody took.
failure unknown_parameter(const qmp_bridge::option_list& list);
/// The error for a key that has to be on or off and is not; marks the key as known.
failure check_switch(qmp_bridge::option_list& list, std::string_view key);
bool asks_for_help(const std::string& value);

} // namespace vigil::sim

#endif
