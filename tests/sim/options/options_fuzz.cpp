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

#include <vigil/qmp-bridge/host/option_list.h>
#include <vigil/qmp-bridge/json/json.h>
#include <vigil/qmp-bridge/serve/chardev.h>
#include <vigil/sim/options/options.h>

using namespace vigil;
using qmp_bridge::chardev;
using qmp_bridge::option_list;
using qmp_bridge::pace;

namespace {

using words = std::vector<std::string>;

void require(bool holds)
{
    if (!holds) std::abort();
}

void check(const runstate::refusal& error)
{
    require(!error.text.empty() && error.text.find('\n') == std::string::npos);
}

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
    std::string common = "," + switched("server", where.server) + "," + switched("wait", where.wait) +
                         ",reconnect=" + std::to_string(where.reconnect.count() / 1000) + ",mode=" + octal(where.mode);
    std::string log = "," + switched("logappend", where.logappend);
    if (where.logfile) log += "," + setting("logfile", *where.logfile);
    if (!where.last_port.empty()) common += "," + setting("to", where.last_port);
    if (where.addresses != chardev::family::any) {
        common += where.addresses == chardev::family::ipv4 ? ",ipv4=on" : ",ipv6=on";
    }
    switch (where.kind) {
    case chardev::transport::unix_socket:
        return "socket," + setting("path", where.path) + common + log + "," +
               switched("abstract", where.abstract_name) + "," + switched("tight", where.tight);
    case chardev::transport::tcp:
        return "socket," + setting("host", where.host) + "," + setting("port", where.port) + common + log;
    case chardev::transport::descriptor: return "socket,fd=" + std::to_string(where.fd) + common + log;
    case chardev::transport::stdio: return "stdio" + log;
    case chardev::transport::null: break;
    }
    return "null" + log;
}

void check_chardev(std::string_view text)
{
    const auto parsed = chardev::parse_short(text);
    if (!parsed) return check(parsed.why());
    const chardev& where = *parsed;
    option_list list = option_list::parse(long_form(where), "backend");
    const auto again = chardev::from_options(list.take("backend").value_or(""), list);
    require(again && !list.unknown_key());
    require(long_form(*again) == long_form(where));
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
        for (const std::string& one : options.warnings) require(one.find('\n') == std::string::npos);
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
        if (options.log_file) add("-D", *options.log_file);
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
        std::string type = machine.name;
        if (machine.type != sim::machine_type::none) {
            type += "," + switched("acpi", machine.acpi) + "," + switched("smm", machine.smm) + "," +
                    switched("i8042", machine.i8042);
        }
        add("-machine", type);
        if (machine.max_ram_below_4g) {
            add("-machine", "max-ram-below-4g=" + std::to_string(*machine.max_ram_below_4g));
        }
        for (const auto& [name, value] : machine.power_management.all()) {
            const char* const driver = machine.type == sim::machine_type::q35 ? "ICH9-LPC" : "PIIX4_PM";
            add("-global", std::string(driver) + "." + name + "=" + value_text(name, value));
        }
        add("-m", std::to_string(machine.ram_bytes) + "B");
        add("-smp", std::to_string(machine.cpus));
        add("-cpu", "max," + switched("hv-crash", machine.hyperv_crash));
        if (!machine.default_vga) add("-vga", "none");
        if (!machine.default_nic) add("-nic", "none");
        for (const auto& device : machine.devices) add("-device", device_text(device));
    }

    // As a JSON object, in which any id can be.
    static std::string device_text(const sim::device_request& device)
    {
        qmp_bridge::json::object object{{"driver", device.driver}};
        if (device.id) object["id"] = *device.id;
        if (device.bus) object["bus"] = *device.bus;
        for (const auto& [name, value] : device.values.all()) {
            object[name] = std::visit([](const auto& one) { return qmp_bridge::json::value(one); }, value);
        }
        std::string text;
        qmp_bridge::print_json(text, object);
        return text;
    }

    static std::string value_text(std::string_view name, const sim::device_value& value)
    {
        if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "on" : "off";
        if (const auto* number = std::get_if<std::uint64_t>(&value)) return std::to_string(*number);
        if (const auto* text = std::get_if<std::string>(&value)) return *text;
        require(name == "addr");
        return address_text(std::get<std::int64_t>(value));
    }

    static std::string address_text(std::int64_t place)
    {
        constexpr std::string_view k_digits = "0123456789abcdef";
        const auto slot = static_cast<std::size_t>(place >> 3);
        return {k_digits[slot >> 4], k_digits[slot & 15], '.', k_digits[static_cast<std::size_t>(place & 7)]};
    }

    void add_policy(const sim::sim_options& options)
    {
        const auto& actions = options.actions;
        add("-action", setting("reboot", runstate::to_string(actions.reboot)) + "," +
                           setting("shutdown", runstate::to_string(actions.shutdown)) + "," +
                           setting("panic", runstate::to_string(actions.panic)) + "," +
                           setting("watchdog", runstate::to_string(actions.watchdog)));
        add("-qmp-schema", options.words == qmp_bridge::vocabulary::v2_10 ? "2.10" : "7.2");
        add("-clock", "paced,factor=" + in_millionths(options.time.factor_millionths));
        if (options.time.time == pace::driven) add("-clock", "driven");
        if (options.time.time == pace::free) add("-clock", "free");
    }
};

/// A configuration file whose content is its name, with a line end for each semicolon.
runstate::result<std::string> config_file(const std::string& path)
{
    std::string content = path;
    std::replace(content.begin(), content.end(), ';', '\n');
    return content;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const words arguments = words_in({reinterpret_cast<const char*>(data), size});
    for (const std::string& word : arguments) {
        check_list(word);
        check_chardev(word);
    }
    const auto parsed = sim::parse_options(arguments, config_file);
    if (!parsed) {
        check(parsed.why());
        return 0;
    }
    if (parsed->text) return 0; // to be printed, instead of all else
    const command_line written(*parsed);
    const auto again = sim::parse_options(written.all, config_file);
    require(static_cast<bool>(again));
    require(command_line(*again).all == written.all);
    return 0;
}
