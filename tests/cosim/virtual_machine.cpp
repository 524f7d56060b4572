// SPDX-License-Identifier: Apache-2.0
#include "virtual_machine.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

namespace vigil::tests::cosim {

namespace {

using steady = std::chrono::steady_clock;

constexpr int k_skipped = 77; // as the tests' SKIP_RETURN_CODE

// An emulated machine beside other work takes its time, above all to boot.
constexpr std::chrono::seconds k_machine_limit{120};

constexpr std::chrono::milliseconds k_pause{5};

// Opened before the machine starts, and without what the machine before has written.
std::ifstream emptied(const std::filesystem::path& file)
{
    std::ofstream(file).close();
    return std::ifstream(file);
}

bool is_event(const std::string& line, std::string_view name)
{
    return contains(line, "\"event\": \"" + std::string(name) + "\"");
}

words qemu_command(const fetched& tools, const workspace& place, const std::string& orders,
                   const virtual_machine::hardware& parts)
{
    const auto path = [&place](const char* name) { return (place.path / name).string(); };
    const auto monitor_at = [&path](const char* name) { return "unix:" + path(name) + ",server=on,wait=off"; };
    words all{(tools.qemu / "run-qemu").string(),
              "-machine",
              parts.machine,
              "-accel",
              "tcg",
              "-m",
              "192",
              "-nodefaults",
              "-display",
              "none",
              "-serial",
              "file:" + path("console"),
              "-qmp",
              monitor_at("machine"),
              "-qmp",
              monitor_at("actuate"),
              "-kernel",
              (tools.guest / "vmlinux").string(),
              "-initrd",
              (tools.guest / "initrd.gz").string(),
              "-append",
              "console=ttyS0 quiet panic=0 do=" + orders};
    for (const std::string& device : parts.devices) {
        all.insert(all.end(), {"-device", R"({"driver":"vfio-user-pci","socket":{"type":"unix","path":")" +
                                              path(device.c_str()) + "\"}}"});
    }
    all.insert(all.end(), parts.options.begin(), parts.options.end());
    return all;
}

words vigil_command(const workspace& place, const words& options, const words& devices, const std::string& machine)
{
    const auto path = [&place](const std::string& name) { return (place.path / name).string(); };
    words all{VIGIL_SIM,     "-machine",
              machine,       "-nodefaults",
              "-display",    "none",
              "-qmp",        "unix:" + path("vigil") + ",server=on,wait=off",
              "-actuate",    "unix:" + path("actuate"),
              "-qmp-schema", "7.2"};
    for (const std::string& device : devices) {
        const std::string id = device.substr(device.find("id=") + 3);
        const std::string name = id.substr(0, id.find(','));
        all.insert(all.end(), {"-device", device, "-vfio-user", "unix:" + path(name) + ",device=" + name});
    }
    all.insert(all.end(), options.begin(), options.end());
    return all;
}

} // namespace

fetched::fetched()
    : qemu(std::filesystem::path(VIGIL_COSIM_FOLDER) / "qemu"),
      guest(std::filesystem::path(VIGIL_COSIM_FOLDER) / "guest")
{
    for (const auto& folder : {qemu, guest}) {
        if (exists(folder / "stamp")) continue;
        std::printf("skipped: nothing in %s; the first tests of this label say why\n", folder.c_str());
        std::exit(k_skipped);
    }
}

monitor::monitor(connection client) : client_(std::move(client))
{
    client_.read_line(k_machine_limit);
    execute("qmp_capabilities");
}

std::string monitor::execute(std::string_view command, std::string_view arguments)
{
    client_.send("{\"execute\": \"" + std::string(command) + "\", \"arguments\": " + std::string(arguments) + "}\n");
    for (;;) {
        std::string line = client_.read_line(k_machine_limit);
        if (!contains(line, "\"event\": ")) return line;
        events_.push_back(std::move(line));
    }
}

std::string monitor::event(std::string_view name)
{
    for (;;) {
        if (events_.empty()) events_.push_back(client_.read_line(k_machine_limit));
        std::string line = std::move(events_.front());
        events_.pop_front();
        if (is_event(line, name)) return line;
    }
}

bool monitor::has_event(std::string_view name)
{
    execute("query-status"); // what was sent before its reply has come as well
    return std::any_of(events_.begin(), events_.end(), [&](const std::string& line) { return is_event(line, name); });
}

std::string monitor::status()
{
    constexpr std::string_view key = "\"status\": \"";
    const std::string reply = execute("query-status");
    const auto at = reply.find(key);
    if (at == std::string::npos) throw std::runtime_error("no status: " + reply);
    const auto begin = at + key.size();
    return reply.substr(begin, reply.find('"', begin) - begin);
}

double monitor::number(std::string_view object, std::string_view property)
{
    constexpr std::string_view key = "\"return\": ";
    const std::string reply = execute("qom-get", "{\"path\": \"" + std::string(object) + "\", \"property\": \"" +
                                                     std::string(property) + "\"}");
    const auto at = reply.find(key);
    if (at == std::string::npos) throw std::runtime_error("no number: " + reply);
    return std::stod(reply.substr(at + key.size()));
}

device_side::device_side(const words& options, const words& devices, const std::string& machine)
    : command_(vigil_command(place_, options, devices, machine))
{
    restart();
}

void device_side::restart()
{
    program_ = std::make_unique<process>(command_, place_);
    qmp_ = std::make_unique<monitor>(program_->connect("vigil"));
}

virtual_machine::virtual_machine(device_side& vigil, const std::string& orders, const hardware& parts)
    : virtual_machine(vigil.tools(), vigil.place(), orders, parts)
{
}

virtual_machine::virtual_machine(const fetched& tools, workspace& place, const std::string& orders,
                                 const hardware& parts)
    : place_(place), console_(emptied(place.path / "console")),
      program_(qemu_command(tools, place, orders, parts), place), qmp_(program_.connect("machine"))
{
}

std::string virtual_machine::next_line()
{
    for (const auto deadline = steady::now() + k_machine_limit; steady::now() < deadline;) {
        const bool had_ended = program_.exited(); // asked first: it may have said something just before
        std::string piece;
        const bool ends = !std::getline(console_, piece).eof();
        console_.clear();
        unfinished_line_ += piece;
        if (ends) {
            lines_.push_back(trimmed(std::exchange(unfinished_line_, {})));
            return lines_.back();
        }
        if (had_ended && piece.empty()) throw lost("the machine has ended");
        std::this_thread::sleep_for(k_pause);
    }
    throw no_answer();
}

std::string virtual_machine::console(std::string_view part)
{
    const std::size_t first = lines_.size();
    try {
        for (;;) {
            std::string line = next_line();
            if (contains(line, part)) return line;
        }
    } catch (const std::exception& error) {
        std::string text = "waiting for \"" + std::string(part) + "\" on the console: " + error.what();
        for (std::size_t i = first; i < lines_.size(); ++i) text += "\n  " + lines_[i];
        throw std::runtime_error(text + "\nprinted: " + place_.printed());
    }
}

std::optional<int> virtual_machine::end()
{
    try {
        for (;;) next_line();
    } catch (const lost&) {
        return program_.wait();
    }
}

double guest_time(const std::string& line) { return std::stod(line.substr(line.find("guest: ") + 7)); }

double kernel_time(const std::string& line) { return std::stod(line.substr(line.find('[') + 1)); }

std::string value_of(const std::string& line, std::string_view key)
{
    const auto at = line.find(std::string(key) + "=");
    if (at == std::string::npos) return {};
    const auto begin = at + key.size() + 1;
    return line.substr(begin, line.find(' ', begin) - begin);
}

} // namespace vigil::tests::cosim
