// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/demo/guest_trace.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <boost/json/parse.hpp>

#include <vigil/qmp-bridge/host/option_list.h>

namespace vigil::sim {

namespace {

namespace json = boost::json;
using qmp_bridge::quoted;
using qmp_bridge::refuse;

constexpr std::uint32_t k_watchdog_id = 0x25AB'8086;
constexpr std::uint32_t k_bar0 = 0x10;
constexpr std::uint32_t k_command = 0x04;
constexpr std::uint32_t k_command_memory = 0x0002;
constexpr std::uint32_t k_bar0_address = 0xFEBF'0000; // where PC firmware would put it
constexpr std::uint16_t k_config_address = 0xCF8;
constexpr std::uint16_t k_config_data = 0xCFC;
constexpr std::uint32_t k_config_enable = 0x8000'0000;
constexpr std::uint32_t k_config_bytes = 256;
constexpr std::uint32_t k_bar0_bytes = 16;
constexpr int k_slots = 32;

std::string text_of(const json::object& row, std::string_view key)
{
    const json::value* value = row.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// A member that must be an integer within [least, most].
runstate::result<std::uint32_t> number_of(const json::object& row, std::string_view key, std::int64_t least,
                                          std::int64_t most)
{
    const json::value* value = row.if_contains(key);
    if (value == nullptr || !value->is_int64() || value->get_int64() < least || value->get_int64() > most) {
        return refuse(quoted(key) + " must be an integer from " + std::to_string(least) + " to " +
                      std::to_string(most));
    }
    return static_cast<std::uint32_t>(value->get_int64());
}

std::optional<std::uint32_t> hex_of(std::string_view text)
{
    std::uint32_t number = 0;
    if (text.substr(0, 2) != "0x") return std::nullopt;
    text.remove_prefix(2);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// The row as an access, or what is wrong with it; `seconds` is its time.
runstate::result<guest_access> access_of(const json::object& row, double& seconds)
{
    guest_access access;
    const json::value* t = row.if_contains("t");
    if (t == nullptr || !t->is_number()) return refuse("'t' must be a number of seconds");
    seconds = t->to_number<double>();
    if (!(seconds >= 0 && seconds <= 1e9)) return refuse("'t' must be from 0 to 1e9 seconds");

    const std::string op = text_of(row, "op");
    if (op != "r" && op != "w") return refuse("'op' must be \"r\", \"w\" or \"reset\"");
    access.write = op == "w";

    const std::string space = text_of(row, "space");
    if (space != "cfg" && space != "bar0") return refuse("'space' must be \"cfg\" or \"bar0\"");
    access.space = space == "cfg" ? guest_access::where::configuration : guest_access::where::bar0;

    const std::uint32_t end = access.space == guest_access::where::configuration ? k_config_bytes : k_bar0_bytes;
    const auto offset = number_of(row, "off", 0, end - 1);
    if (!offset) return offset.why();
    access.offset = *offset;

    const auto width = number_of(row, "width", 1, 4);
    if (!width) return width.why();
    access.width = *width;
    if (access.width == 3 || access.offset % access.width != 0) {
        return refuse("'width' must be 1, 2 or 4, and 'off' a multiple of it");
    }

    const auto value = hex_of(text_of(row, "value"));
    if (!value) return refuse("'value' must be a string like \"0x3c00\" of at most 32 bits");
    access.value = *value;
    return access;
}

bool made_by_the_monitor(const json::object& row)
{
    const std::string phase = text_of(row, "phase");
    return phase == "attach" || phase == "reset" || text_of(row, "op") == "reset";
}

} // namespace

runstate::result<std::vector<guest_access>> read_guest_trace(std::istream& in, const std::string& name,
                                                             const std::string& scenario)
{
    std::vector<guest_access> accesses;
    std::string scenarios;
    std::optional<double> first;
    double last = 0;
    bool inside = false;
    bool found = false;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        const auto wrong = [&](const std::string& what) {
            return refuse(name + ":" + std::to_string(number) + ": " + what);
        };
        if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
        boost::system::error_code error;
        const json::value value = json::parse(line, error);
        if (error) return wrong("not JSON: " + error.message());
        const json::object* row = value.if_object();
        if (row == nullptr) return wrong("not a JSON object");
        if (row->contains("scenario")) {
            const std::string this_one = text_of(*row, "scenario");
            if (this_one.empty()) return wrong("'scenario' must be a name");
            scenarios += (scenarios.empty() ? "" : ", ") + this_one;
            inside = !found && (scenario.empty() || scenario == this_one);
            found = found || inside;
            continue;
        }
        if (row->contains("what") || row->contains("note") || made_by_the_monitor(*row)) continue;
        double seconds = 0;
        auto access = access_of(*row, seconds);
        if (!access) return wrong(access.why().text);
        if (!inside) continue;
        if (!first) first = last = seconds;
        if (seconds < last) return wrong("'t' is earlier than in the access before");
        last = seconds;
        access->at = runstate::ns(std::llround((seconds - *first) * 1e9));
        access->line = number;
        accesses.push_back(*access);
    }
    if (in.bad()) return refuse(name + ": cannot be read to its end");
    if (!found && !scenario.empty()) {
        return refuse(name + ": no scenario " + quoted(scenario) +
                      (scenarios.empty() ? "" : "; there are: " + scenarios));
    }
    if (accesses.empty()) return refuse(name + ": no access of a guest in it");
    return accesses;
}

trace_player::trace_player(const sc_core::sc_module_name& name, runstate::controller& controller,
                           std::vector<guest_access> accesses)
    : sc_module(name), controller_(controller), accesses_(std::move(accesses))
{
    SC_HAS_PROCESS(trace_player);
    SC_THREAD(play);
}

trace_player::~trace_player() = default;

void trace_player::play()
{
    wait_until(runstate::ns(0)); // a machine in prelaunch has no running CPU
    const runstate::ns start = controller_.clock.now();
    const int slot = find_watchdog();
    if (searched) searched(slot);
    if (slot >= 0) {
        slot_ = static_cast<std::uint32_t>(slot);
        if (!programs_bar()) {
            config_write(k_bar0, 4, k_bar0_address);
            config_write(k_command, 2, k_command_memory);
        }
        for (const guest_access& access : accesses_) {
            wait_until(runstate::saturating_add(start, access.at));
            const std::uint32_t value = make(access);
            if (accessed) accessed(access, value);
        }
    }
    if (finished) finished();
}

int trace_player::find_watchdog()
{
    for (int slot = 0; slot < k_slots; ++slot) {
        slot_ = static_cast<std::uint32_t>(slot);
        if (config_read(0, 4) == k_watchdog_id) return slot;
    }
    return -1;
}

bool trace_player::programs_bar() const noexcept
{
    const auto writes = [&](std::uint32_t offset) {
        return std::any_of(accesses_.begin(), accesses_.end(), [&](const guest_access& access) {
            return access.write && access.space == guest_access::where::configuration && access.offset == offset;
        });
    };
    return writes(k_bar0) && writes(k_command);
}

void trace_player::wait_until(runstate::ns time)
{
    runstate::vm_clock& clock = controller_.clock;
    if (clock.running() && clock.now() >= time) return;
    timer_.arm(time);
    wait(due_);
}

std::uint32_t trace_player::make(const guest_access& access)
{
    if (access.space == guest_access::where::configuration) {
        if (!access.write) return config_read(access.offset, access.width);
        config_write(access.offset, access.width, access.value);
        return access.value;
    }
    const std::uint64_t address = (config_read(k_bar0, 4) & ~0xFU) + access.offset;
    if (!access.write) return static_cast<std::uint32_t>(memory.read_value(address, access.width));
    memory.write_value(address, access.width, access.value);
    return access.value;
}

std::uint32_t trace_player::config_read(std::uint32_t offset, unsigned width)
{
    io.write_value(k_config_address, 4, k_config_enable | slot_ << 11 | (offset & ~3U));
    return static_cast<std::uint32_t>(io.read_value(k_config_data + (offset & 3), width));
}

void trace_player::config_write(std::uint32_t offset, unsigned width, std::uint32_t value)
{
    io.write_value(k_config_address, 4, k_config_enable | slot_ << 11 | (offset & ~3U));
    io.write_value(k_config_data + (offset & 3), width, value);
}

} // namespace vigil::sim
