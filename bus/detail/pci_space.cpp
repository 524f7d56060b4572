// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/detail/pci_space.h>

#include <algorithm>
#include <sstream>

#include <vigil/bus/payload_form.h>
#include <vigil/bus/payload_part.h>

namespace vigil::bus {

const pci_bus* pci_buses::find(const pci_bridge* bridge) const noexcept
{
    for (const pci_bus& one : all_) {
        if (one.bridge == bridge) return &one;
    }
    return nullptr;
}

const pci_bus* pci_buses::bus_of(const pci_function& function) const noexcept
{
    for (const pci_bus& bus : all_) {
        for (const attached_function* one : bus.places) {
            if (one != nullptr && one->function == &function) return &bus;
        }
    }
    return nullptr;
}

pci_bus& pci_buses::behind(const pci_bridge* bridge)
{
    for (pci_bus& one : all_) {
        if (one.bridge == bridge) return one;
    }
    return all_.emplace_back(pci_bus{bridge, bus_of(*bridge), {}});
}

void pci_buses::move_bridge(const pci_function& function, const pci_bus* bus) noexcept
{
    for (pci_bus& one : all_) {
        if (one.bridge == &function) one.parent = bus;
    }
}

void pci_buses::put(attached_function& attached, unsigned devfn, const pci_bridge* bridge)
{
    pci_bus& bus = behind(bridge);
    bus.places[devfn] = &attached;
    attached.bus = &bus;
    move_bridge(*attached.function, &bus);
}

void pci_buses::take(attached_function& attached) noexcept
{
    auto& places = attached.bus->places;
    std::replace(places.begin(), places.end(), &attached, static_cast<attached_function*>(nullptr));
    attached.bus = nullptr;
    move_bridge(*attached.function, nullptr);
}

const attached_function* pci_buses::beyond_bridges(unsigned bus, unsigned devfn) const noexcept
{
    // Down from bus 0, by the first bridge of each bus that leads there.
    for (const pci_bus* here = &all_.front(); here != nullptr;) {
        const auto leads_there = [&](const pci_bus& one) {
            return one.bridge != nullptr && one.parent == here && one.bridge->leads_to(bus);
        };
        const auto next = std::find_if(all_.begin(), all_.end(), leads_there);
        if (next == all_.end()) return nullptr;
        if (next->bridge->secondary_bus() == bus) return next->places[devfn];
        here = &*next;
    }
    return nullptr;
}

bool pci_buses::reaches(const pci_bus& bus, bar_kind kind, std::uint64_t first, std::uint64_t last) const noexcept
{
    for (const pci_bus* here = &bus; here->bridge != nullptr; here = here->parent) {
        if (here->parent == nullptr || !here->bridge->forwards(kind, first, last)) return false;
    }
    return true;
}

void ecam_window::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    reached = true;
    const std::uint64_t address = payload.get_address();
    const attached_function* const selected = function(address);
    if (selected == nullptr) {
        answer_absent(payload, k_no_pci_function);
        return;
    }
    payload.set_address(address & 0xFFF);
    selected->config->b_transport(payload, delay);
    payload.set_address(address);
}

unsigned ecam_window::transport_dbg(tlm::tlm_generic_payload& payload)
{
    const std::uint64_t address = payload.get_address();
    const attached_function* const selected = function(address);
    if (selected == nullptr) return answer_absent_debug(payload, k_no_pci_function);
    payload.set_address(address & 0xFFF);
    const unsigned done = selected->config->transport_dbg(payload);
    payload.set_address(address);
    return done;
}

const attached_function* ecam_window::function(std::uint64_t address) const noexcept
{
    const bool in_space = (address & 0xFFF) < pci_function::k_config_size;
    return in_space ? buses.at(static_cast<unsigned>(address >> 20), (address >> 12) & 0xFF) : nullptr;
}

pci_space_port::pci_space_port(const shared_target_socket& socket, pci_space& space, std::uint64_t base)
    : forwarding_target(socket), socket_(socket), space_(space), base_(base)
{
}

void pci_space_port::carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    const std::uint64_t before = payload.get_address();
    const std::uint64_t address = before + base_;
    if (address < before) {
        payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
        return;
    }
    payload.set_address(address);
    const address_map::segment* const window = space_.windows.find(address);
    if (is_one_access(address, payload.get_data_length(), pci_space::widest(window))) {
        reach(window, payload, delay);
    } else {
        reach_in_pieces(payload, delay);
    }
    payload.set_address(before);
}

std::optional<address_map::segment> pci_space_port::beyond(std::uint64_t address)
{
    const std::uint64_t there = address + base_;
    const address_map::segment* const window = there >= address ? space_.windows.find(there) : nullptr;
    if (window == nullptr || window->plain == nullptr || base_ % k_widest_access != 0) return std::nullopt;
    address_map::segment seen = *window;
    const std::uint64_t before = std::min(there - window->first, address); // of it, nothing is below address 0
    seen.first = address - before;
    seen.span = before + (window->span - (there - window->first));
    seen.base = window->base - base_;
    return seen;
}

void pci_space_port::reach_in_pieces(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    const auto next = [this](std::uint64_t from, unsigned left) { return space_.next_piece(from, left); };
    in_pieces(payload, next, [&] { reach(space_.windows.find(payload.get_address()), payload, delay); });
}

inline void pci_space_port::reach(const address_map::segment* window, tlm::tlm_generic_payload& payload,
                                  sc_core::sc_time& delay)
{
    if (window != nullptr) {
        payload.set_address(payload.get_address() - window->base);
        window->transport(payload, delay);
    } else {
        answer_nothing(payload);
    }
}

unsigned pci_space_port::transport_dbg(tlm::tlm_generic_payload& payload)
{
    const auto next = [this](std::uint64_t from, unsigned remaining) {
        const std::uint64_t address = from + base_;
        return address >= from ? space_.next_piece(address, remaining) : 0;
    };
    return debug_in_pieces(payload, next, [&] {
        const std::uint64_t address = payload.get_address() + base_;
        const address_map::segment* const window = space_.windows.find(address);
        if (window == nullptr) return likelier_base(address) ? 0 : answer_absent_debug(payload, space_.fill);
        payload.set_address(address - window->base);
        return window->debug_target->transport_dbg(payload);
    });
}

void pci_space_port::answer_nothing(tlm::tlm_generic_payload& payload)
{
    const std::uint64_t address = payload.get_address();
    const std::optional<std::uint64_t> likelier = likelier_base(address);
    if (!likelier) {
        answer_absent(payload, space_.fill);
        return;
    }
    payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
    if (warned_) return;
    warned_ = true;
    std::ostringstream text;
    text << socket_.name() << std::hex << ": an access to 0x" << address - base_ << " reaches nothing";
    if (base_ != 0) text << " with base 0x" << base_;
    text << ", and none has reached the ECAM window at 0x" << space_.ecam->base << "; ";
    if (*likelier != 0) {
        text << "where the bus subtracts the start of that window, bind it to a pci_memory_window of base 0x"
             << *likelier;
    } else {
        text << "where the bus leaves addresses as they are, bind it to the host's socket `memory`";
    }
    SC_REPORT_WARNING("/vigil/bus/window_base", text.str().c_str());
}

std::optional<std::uint64_t> pci_space_port::likelier_base(std::uint64_t address) const noexcept
{
    const ecam_window* const ecam = space_.ecam;
    if (ecam == nullptr || ecam->size == 0 || ecam->reached) return std::nullopt;
    constexpr std::uint64_t k_bus_0 = std::uint64_t{1} << 20; // bytes of the window
    for (const std::uint64_t base : {ecam->base, std::uint64_t{0}}) {
        if (base != base_ && address - base_ + base - ecam->base < k_bus_0) return base;
    }
    return std::nullopt;
}

} // namespace vigil::bus
