// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/option_rows.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace vigil::sim {

namespace {

using qmp_bridge::chardev;
using qmp_bridge::option_list;
using qmp_bridge::pace;
using qmp_bridge::refuse;

constexpr std::string_view k_unix = "unix:";

// How long a standstill is caught up where nothing else is said: less than the shortest heartbeat of a Linux driver.
constexpr runstate::ns k_default_stall = std::chrono::seconds(1);

// unix:PATH[,...] without its first word; nothing where it is another kind of address.
std::optional<option_list> unix_address(const std::string& value)
{
    if (value.compare(0, k_unix.size(), k_unix) != 0) return std::nullopt;
    return option_list::parse(std::string_view(value).substr(k_unix.size()), "path", {"server", "wait"});
}

failure on_vfio_user(option_parser& p, const std::string& value)
{
    auto list = unix_address(value);
    if (!list) return refuse(quoted(value) + ": expects unix:PATH,device=ID");
    const std::string device = list->take("device").value_or("");
    if (device.empty()) return refuse("Parameter 'device' is missing: it names a -device by its id");
    const auto server = list->take_switch("server", true);
    if (!server) return server.why();
    const auto wait = list->take_switch("wait", false);
    if (!wait) return wait.why();
    if (!*server) return refuse("server=off: a machine connects to its device, not the other way round");
    if (*wait) return refuse("wait=on: a machine wants to be answered as soon as it has connected; use wait=off");
    list->add("server", "on");
    list->add("wait", "off");
    auto where = chardev::from_options("socket", *list);
    if (!where) return std::move(where).why();
    if (where->kind != chardev::transport::unix_socket) return refuse("expects unix:PATH,device=ID");
    where->label = "vfio-user." + device;
    p.result.vfio_user.push_back({device, *std::move(where), p.here});
    return unknown_parameter(*list);
}

failure on_actuate(option_parser& p, const std::string& value)
{
    auto list = unix_address(value);
    if (!list) return refuse(quoted(value) + ": expects unix:PATH, the QMP socket of the machine");
    auto where = chardev::from_options("socket", *list);
    if (!where) return std::move(where).why();
    if (where->server) return refuse("server=on: it is that machine's monitor that listens");
    where->label = "actuate";
    if (p.result.actuate) return refuse("there is one machine, which was named already");
    p.result.actuate = *std::move(where);
    return unknown_parameter(*list);
}

failure check_device(const option_parser& p, const vfio_user_request& request)
{
    const auto& devices = p.result.machine.devices;
    const auto is_it = [&](const device_request& one) { return one.id == request.device; };
    const auto found = std::find_if(devices.begin(), devices.end(), is_it);
    if (found == devices.end()) {
        std::vector<std::string_view> ids;
        for (const device_request& one : devices) {
            if (one.id) ids.push_back(*one.id);
        }
        return refuse("no -device has the id " + quoted(request.device) + suggestion(request.device, ids));
    }
    const device_row* row = find_device_row(found->driver);
    if (row != nullptr && row->bus == device_bus::pci) return k_fine;
    return refuse(quoted(request.device) + " is no PCI device, and vfio-user is for those");
}

constexpr option_row k_remote_machine_options[] = {
    {"vfio-user", "unix:PATH,device=ID",
     "put that -device on another machine's PCI bus instead of this one's: serve it there, for the vfio-user-pci of a "
     "QEMU 10.1 or later; [,mode=OCTAL]. Any number of devices, each on its own socket",
     on_vfio_user},
    {"actuate", "unix:PATH",
     "keep one run state with that machine, by its QMP socket, which may come later: resets, stops, NMIs and ends that "
     "are decided here are carried out there, and what happens there is followed",
     on_actuate},
};

} // namespace

failure resolve_remote_machine(option_parser& p)
{
    sim_options& result = p.result;
    for (const vfio_user_request& one : result.vfio_user) {
        if (auto error = check_device(p, one)) return refuse_at(p, one.place, error->text);
        auto& exported = result.machine.exported;
        if (std::find(exported.begin(), exported.end(), one.device) != exported.end()) {
            return refuse_at(p, one.place, quoted(one.device) + " is served already, and has one machine at a time");
        }
        exported.push_back(one.device);
    }
    const bool has_machine = !result.vfio_user.empty();
    if (result.actuate && !has_machine) return refuse("-actuate: needs -vfio-user, a device of that machine");
    if (has_machine && result.trace) {
        return refuse("-vfio-user: does not go with -trace, for another machine's doings cannot be repeated");
    }
    if (has_machine && result.time.time == pace::free) {
        return refuse("-vfio-user: does not go with a free clock, for another machine runs in the wall clock's time");
    }
    result.time.stall = p.stall.value_or(has_machine ? k_default_stall : runstate::ns(0));
    return k_fine;
}

option_group remote_machine_options() noexcept { return {"Devices of another machine", k_remote_machine_options}; }

} // namespace vigil::sim
