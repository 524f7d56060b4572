// SPDX-License-Identifier: Apache-2.0
// Any command line is taken or refused in one line, and what was taken can be written as another command line that
// means the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <vigil/qmp-bridge/chardev.h>
#include <vigil/qmp-bridge/option_list.h>
#include <vigil/sim/options.h>

using namespace vigil;
using qmp_bridge::chardev;
using qmp_bridge::option_error;
using qmp_bridge::option_list;
using qmp_bridge::pump;

namespace {

using words = std::vector<std::string>;

void require(bool holds)
{
    if (!holds) std::abort();
}

void check(const option_error& error) { require(!error.text.empty() && error.text.find('\n') == std::string::npos); }

/// One word a line; NUL, which no argument can have, stands for a line end within a word.
words words_in(std::string_view bytes)
{
    words all{""};
    for (const char c : bytes) {
        if (c == '\n') {
            all.emplace_back();
        } else {
            all.back() += c == '\0' ? '\n' : c;
        }
    }
    if (all.back().empty()) all.pop_back();
    return all;
}

std::string with_commas_doubled(std::string_view text)
{
    std::string result;
    for (const char c : text) result += c == ',' ? std::string(",,") : std::string(1, c);
    return result;
}

std::string setting(std::string_view key, std::string_view value)
{
    return with_commas_doubled(key) + "=" + with_commas_doubled(value);
}

std::string switched(std::string_view key, bool value) { return setting(key, value ? "on" : "off"); }

/// Written out in full, a list reads as before.
void check_list(std::string_view text)
{
    std::string full;
    const auto list = option_list::parse(text, "implied", {"server", "wait"});
    for (const auto& [key, value] : list.entries()) full += (full.empty() ? "" : ",") + setting(key, value);
    require(option_list::parse(full).entries() == list.entries());
}

std::string octal(unsigned number)
{
    std::string digits;
    for (; number != 0; number /= 8) digits.insert(digits.begin(), static_cast<char>('0' + number % 8));
    return "0" + digits;
}

std::string long_form(const chardev& where)
{
    const std::string common = "," + switched("server", where.server) + "," + switched("wait", where.wait) +
                               ",reconnect=" + std::to_string(where.reconnect) + ",mode=" + octal(where.mode);
    switch (where.kind) {
    case chardev::transport::unix_socket: return "socket," + setting("path", where.path) + common;
    case chardev::transport::tcp:
        return "socket," + setting("host", where.host) + "," + setting("port", where.port) + common;
    case chardev::transport::descriptor: return "socket,fd=" + std::to_string(where.fd) + common;
    case chardev::transport::stdio: return "stdio";
    case chardev::transport::null: break;
    }
    return "null";
}

void check_chardev(std::string_view text)
{
    const auto parsed = chardev::parse_short(text);
    if (const auto* error = std::get_if<option_error>(&parsed)) return check(*error);
    const auto& where = std::get<chardev>(parsed);
    option_list list = option_list::parse(long_form(where), "backend");
    const auto again = chardev::from_options(list.take("backend").value_or(""), list);
    require(std::holds_alternative<chardev>(again) && !list.unknown_key());
    require(long_form(std::get<chardev>(again)) == long_form(where));
}

std::string in_millionths(std::uint64_t number)
{
    constexpr std::uint64_t k_million = 1'000'000;
    const std::string digits = std::to_string(k_million + number % k_million);
    return std::to_string(number / k_million) + "." + digits.substr(1);
}

/// A command line that says what `options` holds.
class command_line {
public:
    explicit command_line(const sim::sim_options& options)
    {
        add_program(options);
        if (options.trace) add("-trace", setting("file", *options.trace));
        if (options.replay) {
            add("-replay", setting("file", *options.replay));
            return; // all else is the transcript's
        }
        add_machine(options.machine);
        add_policy(options);
        add_clients(options);
        if (options.name) add("-name", setting("guest", *options.name));
        if (options.uuid) add("-uuid", *options.uuid);
        if (options.pidfile) add("-pidfile", *options.pidfile);
        if (options.snapshot_dir) add("-snapshot-dir", *options.snapshot_dir);
        if (options.incoming) add("-incoming", options.incoming->path ? "file:" + *options.incoming->path : "defer");
        if (options.guest_trace) {
            add("-guest-trace",
                setting("file", options.guest_trace->file) + "," + setting("scenario", options.guest_trace->scenario));
        }
        add_if(options.daemonize, "-daemonize");
        add_if(options.start_stopped, "-S");
        add_if(options.timeline, "-timeline");
    }

    words all;

private:
    void add(const char* option, const std::string& value) { all.insert(all.end(), {option, value}); }
    void add_if(bool wanted, const char* option)
    {
        if (wanted) all.emplace_back(option);
    }

    void add_program(const sim::sim_options& options)
    {
        if (options.log_guest_errors) add("-d", "guest_errors");
        add("-msg", switched("timestamp", options.timestamps));
        if (!options.sandbox) return;
        const auto permission = [](const char* key, bool allowed) {
            return std::string(",") + key + (allowed ? "=allow" : "=deny");
        };
        constexpr const char* k_privileges[] = {"deny", "children", "allow"};
        add("-sandbox", "on,elevateprivileges=" +
                            std::string(k_privileges[static_cast<std::size_t>(options.sandbox->elevateprivileges)]) +
                            permission("obsolete", options.sandbox->obsolete) +
                            permission("spawn", options.sandbox->spawn) +
                            permission("resourcecontrol", options.sandbox->resourcecontrol));
    }

    void add_clients(const sim::sim_options& options)
    {
        for (const auto& one : options.monitors) {
            add("-mon", setting("chardev", chardev_id(one.where)) + ",mode=control," + switched("pretty", one.pretty));
        }
        if (options.qtest) add("-qtest", "chardev:" + chardev_id(*options.qtest));
        for (const chardev& idle : options.idle_chardevs) chardev_id(idle);
        if (options.qtest_log) add("-qtest-log", *options.qtest_log);
        add("-clients", "max=" + std::to_string(options.clients.most) +
                            ",queue=" + std::to_string(options.clients.queue_bytes) + "B");
    }

    // Adds a chardev. Of those in no use the order is that of their names.
    std::string chardev_id(const chardev& where)
    {
        constexpr std::size_t k_first = 1000;
        std::string id = "id" + std::to_string(k_first + all.size());
        add("-chardev", long_form(where) + "," + setting("id", id));
        return id;
    }

    void add_machine(const sim::machine_config& machine)
    {
        constexpr const char* k_types[] = {"pc", "q35", "none"};
        add("-machine", k_types[static_cast<std::size_t>(machine.type)] + ("," + switched("acpi", machine.acpi)) + "," +
                            switched("smm", machine.power_block.smm) + "," + switched("i8042", machine.i8042));
        add("-m", std::to_string(machine.ram_bytes) + "B");
        add("-smp", std::to_string(machine.cpus));
        add("-cpu", "max," + switched("hv-crash", machine.hyperv_crash));
        if (!machine.default_vga) add("-vga", "none");
        if (!machine.default_nic) add("-nic", "none");
        for (const auto& device : machine.devices) {
            std::string text = setting("driver", device.driver);
            if (device.id) text += "," + setting("id", *device.id);
            if (device.address) text += ",addr=" + address_text(*device.address);
            if (device.ioport) text += ",ioport=" + std::to_string(*device.ioport);
            if (device.events) text += ",events=" + std::to_string(*device.events);
            add("-device", text);
        }
    }

    static std::string address_text(const bus::pci_address& address)
    {
        constexpr std::string_view k_digits = "0123456789abcdef";
        return {k_digits[address.slot >> 4], k_digits[address.slot & 15], '.', k_digits[address.function]};
    }

    void add_policy(const sim::sim_options& options)
    {
        const auto& actions = options.actions;
        add("-action", setting("reboot", runstate::to_string(actions.reboot)) + "," +
                           setting("shutdown", runstate::to_string(actions.shutdown)) + "," +
                           setting("panic", runstate::to_string(actions.panic)) + "," +
                           setting("watchdog", runstate::to_string(actions.watchdog)));
        add("-qmp-schema", options.words == qmp_bridge::vocabulary::v2_10 ? "2.10" : "7.2");
        add("-clock", "paced,factor=" + in_millionths(options.pump.factor_millionths));
        if (options.pump.time == pump::pace::driven) add("-clock", "driven");
        if (options.pump.time == pump::pace::free) add("-clock", "free");
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const words arguments = words_in({reinterpret_cast<const char*>(data), size});
    for (const std::string& word : arguments) {
        check_list(word);
        check_chardev(word);
    }
    const auto parsed = sim::parse_options(arguments);
    if (const auto* error = std::get_if<option_error>(&parsed)) {
        check(*error);
        return 0;
    }
    if (std::get<sim::sim_options>(parsed).text) return 0; // to be printed, instead of all else
    const command_line written(std::get<sim::sim_options>(parsed));
    const auto again = sim::parse_options(written.all);
    require(std::holds_alternative<sim::sim_options>(again));
    require(command_line(std::get<sim::sim_options>(again)).all == written.all);
    return 0;
}
