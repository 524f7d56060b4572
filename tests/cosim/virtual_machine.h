// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_COSIM_VIRTUAL_MACHINE_H
#define VIGIL_TESTS_COSIM_VIRTUAL_MACHINE_H

#include <chrono>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <program_under_test.h>

/// A real QEMU with a real Linux, and vigil-sim, which has that machine's devices.
namespace vigil::tests::cosim {

using words = std::vector<std::string>;

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// What fetch_qemu.sh and make_guest.sh have made. Ends the test as skipped where they could not.
struct fetched {
    fetched();

    std::filesystem::path qemu;
    std::filesystem::path guest;
};

/// A QMP client past negotiation, of QEMU or of vigil-sim.
class monitor {
public:
    explicit monitor(connection client);

    /// The reply; events that come before it are kept for `event`. `arguments` is a JSON object.
    std::string execute(std::string_view command, std::string_view arguments = "{}");
    /// Waits for the next event of that name; those that come before it are passed over.
    std::string event(std::string_view name);
    /// Whether such an event has come by now, and was not passed over.
    bool has_event(std::string_view name);
    /// The run state that query-status says.
    std::string status();
    /// A number that is a property of `object`, as qom-get says it.
    double number(std::string_view object, std::string_view property);

private:
    connection client_;
    std::deque<std::string> events_;
};

/// vigil-sim, which serves devices; each one's socket has the name of its id.
class device_side {
public:
    /// `devices` is as -device has it, each with an id.
    explicit device_side(const words& options = {}, const words& devices = {"i6300esb,id=wdt"},
                         const std::string& machine = "pc");

    /// A process of its own again, with the same options.
    void restart();
    std::string path(std::string_view name) const { return (place_.path / name).string(); }
    workspace& place() noexcept { return place_; }
    const fetched& tools() const noexcept { return tools_; }
    process& program() { return *program_; }
    monitor& qmp() { return *qmp_; }

private:
    const fetched tools_;
    workspace place_;
    words command_;
    std::unique_ptr<process> program_;
    std::unique_ptr<monitor> qmp_;
};

/// A QEMU with the guest, which carries out `orders` (guest_init.sh).
class virtual_machine {
public:
    struct hardware {
        std::string machine = "pc";
        words devices = {"wdt"}; ///< ids of vigil-sim's
        words options = {};      ///< more of QEMU's
    };

    virtual_machine(device_side& vigil, const std::string& orders, const hardware& parts);
    virtual_machine(device_side& vigil, const std::string& orders) : virtual_machine(vigil, orders, hardware()) {}
    /// With QEMU's own devices alone.
    virtual_machine(const fetched& tools, workspace& place, const std::string& orders, const hardware& parts);

    /// Waits for a line of the guest's console with that text.
    std::string console(std::string_view part);
    /// All that was read from the console so far.
    const words& lines() const noexcept { return lines_; }
    /// Reads the console to its end: the machine has ended, with this status, or minus the signal.
    std::optional<int> end();
    process& program() noexcept { return program_; }
    monitor& qmp() noexcept { return qmp_; }

private:
    /// Throws `lost` where the machine has ended and said all.
    std::string next_line();

    workspace& place_;
    std::ifstream console_; ///< a file, for a guest waits where nobody reads its console
    std::string unfinished_line_;
    process program_;
    monitor qmp_;
    words lines_;
};

/// The seconds since the guest's boot at the head of a line of its /init.
double guest_time(const std::string& line);
/// Those at the head of a line of its kernel.
double kernel_time(const std::string& line);
/// The word after `key`= in such a line.
std::string value_of(const std::string& line, std::string_view key);

} // namespace vigil::tests::cosim

#endif
