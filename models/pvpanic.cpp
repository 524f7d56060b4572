// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/pvpanic.h>

#include <vigil/models/saved_config.h>

using vigil::bus::access_context;
using vigil::runstate::prepared_restore;
using vigil::runstate::property;
using vigil::runstate::property_value;
using vigil::runstate::report_context;
using vigil::runstate::saved_state;

namespace vigil::models {

namespace {

// Red Hat's ids for QEMU's own devices (QEMU: docs/specs/pci-ids).
constexpr bus::pci_identity k_identity{0x1B36, 0x0011, 0x088000, 1};
constexpr std::uint32_t k_bar_size = 2;
constexpr std::uint8_t k_known = pvpanic_bit::panicked | pvpanic_bit::crashloaded;

} // namespace

const std::array<pvpanic::register_row, 1>& pvpanic::register_table() noexcept
{
    static constexpr std::array<register_row, 1> k_rows{{
        {0, 1, "EVENT", k_known, &pvpanic::read_events, &pvpanic::report,
         "reads say what may be reported; a write reports: bit 0 a panic, otherwise bit 1 a crash kernel's start, "
         "otherwise bit 2, where it is known, a shutdown"},
    }};
    return k_rows;
}

pvpanic::pvpanic(const sc_core::sc_object& owner, std::uint8_t events, bool shutdown)
    : owner_(owner), events_(events), known_(shutdown ? k_known | pvpanic_bit::shutdown : k_known)
{
}

pvpanic::~pvpanic() = default;

void pvpanic::report(std::uint8_t bits, const access_context& context)
{
    if ((bits & ~known_) != 0 && !unknown_logged_) {
        unknown_logged_ = true;
        SC_REPORT_INFO_VERB("/vigil/models/pvpanic",
                            (std::string(owner_.name()) + ": guest error: unknown bits in the written value " +
                             std::to_string(bits) + "; they are ignored, here and later")
                                .c_str(),
                            sc_core::SC_HIGH);
    }
    if (panic.size() == 0) return;
    if ((bits & pvpanic_bit::panicked) != 0) {
        const bool by_cpu = context.origin().kind == bus::initiator_kind::vcpu;
        if (by_cpu && vcpu_panicked) vcpu_panicked(context.origin().vcpu);
        panic->guest_panicked(std::nullopt, by_cpu ? report_context::vcpu : report_context::main_loop);
    } else if ((bits & pvpanic_bit::crashloaded) != 0) {
        panic->guest_crashloaded(std::nullopt);
    } else if ((bits & known_ & pvpanic_bit::shutdown) != 0) {
        panic->guest_pvshutdown();
    }
}

std::vector<property> pvpanic::properties()
{
    return {{"events",
             "uint8",
             "The bits that reads return.",
             [this] { return property_value(std::uint64_t{events_}); },
             {}}};
}

pvpanic_isa::pvpanic_isa(const sc_core::sc_module_name& name, const pvpanic_isa_parameters& parameters)
    : sc_module(name), pvpanic(static_cast<const sc_core::sc_object&>(*this), parameters.events, parameters.shutdown),
      ioport_(parameters.ioport)
{
}

pvpanic_isa::~pvpanic_isa() = default;

void pvpanic_isa::map(bus::address_router& ports, int priority) { event.map_at(ports, ioport_, priority); }

std::vector<property> pvpanic_isa::properties()
{
    std::vector<property> all = pvpanic::properties();
    all.push_back({"ioport", "uint16", "The I/O port.", [this] { return property_value(std::uint64_t{ioport_}); }, {}});
    return all;
}

pvpanic_pci::pvpanic_pci(const sc_core::sc_module_name& name, const pvpanic_pci_parameters& parameters)
    : pci_function(name, k_identity),
      pvpanic(static_cast<const sc_core::sc_object&>(*this), parameters.events, parameters.shutdown)
{
    add_bar(0, bus::bar_kind::memory, k_bar_size, event);
}

pvpanic_pci::~pvpanic_pci() = default;

void pvpanic_pci::reset(runstate::reset_kind kind)
{
    reset_header();
    if (kind == runstate::reset_kind::cold) clear_storage();
}

saved_state pvpanic_pci::save() const { return {save_config(*this)}; }

prepared_restore pvpanic_pci::prepare(const saved_state& saved) { return prepare_config(section(), saved, *this); }

} // namespace vigil::models
