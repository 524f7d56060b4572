// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/vfio_user_function.h>

#include <string>

#include <vigil/bus/payload_form.h>

namespace vigil::bus {
namespace {

constexpr unsigned k_register_width = 4; ///< the widest access to a function's registers, as behind a PCI host

using config_bytes = std::array<std::uint8_t, pci_function::k_config_size>;

/// Where the function's MSI capability is; 0 without one.
std::size_t msi_capability(const config_bytes& bytes)
{
    if ((bytes[pci_reg::status] & pci_status::capabilities_list) == 0) return 0;
    std::size_t at = bytes[pci_reg::capabilities_pointer] & ~3U;
    // A list that loops ends too: there is no room for more entries than this.
    for (std::size_t left = bytes.size() / 4; at >= pci_reg::device_specific && left > 0; --left) {
        if (bytes[at] == pci_msi::id) return at;
        at = bytes[at + 1] & ~3U;
    }
    return 0;
}

/// How many messages it offers.
std::size_t msi_vectors(const config_bytes& bytes)
{
    const std::size_t at = msi_capability(bytes);
    return at == 0 ? 0 : std::size_t{1} << ((bytes[at + pci_msi::control] >> 1) & 7U);
}

} // namespace

vfio_user_function::vfio_user_function(const sc_core::sc_module_name& name, pci_function& function,
                                       runstate::resettable& reset)
    : sc_module(name), function_(function), reset_(reset),
      interrupts_(function.config_bytes()[pci_reg::interrupt_pin] != 0, msi_vectors(function.config_bytes())),
      msi_(msi_capability(function.config_bytes()))
{
    dma.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*this));
    add_region(vfio_user::region_config, pci_function::k_config_size, function.config);
    for (const pci_bar& bar : function.bars()) add_region(bar.index, bar.size, *bar.socket);
    if (!function.port_blocks().empty() || !function.memory_blocks().empty()) {
        SC_REPORT_ERROR("/vigil/bus/vfio_user",
                        (std::string(this->name()) + ": " + function.name() +
                         " decodes ports or memory beside its BARs, which a client of vfio-user "
                         "cannot reach; attach it to a PCI host")
                            .c_str());
    }
    function.on_decode_change([] {}); // the client places the BARs; nobody else shall carry the function
}

vfio_user_function::~vfio_user_function() { function_.on_decode_change({}); }

void vfio_user_function::add_region(std::uint32_t index, std::uint64_t size, any_target_socket& socket)
{
    const std::string name = index == vfio_user::region_config ? "config" : "bar" + std::to_string(index);
    regions_.at(index).size = size;
    regions_.at(index).initiator = std::make_unique<bus_initiator>(name.c_str(), initiator_kind::vcpu);
    regions_.at(index).initiator->socket.bind(socket);
}

template <class Access>
bool vfio_user_function::for_each_piece(std::uint32_t region, std::uint64_t offset, std::size_t count, Access access)
{
    bus_initiator& to = *regions_.at(region).initiator;
    to.delay() = sc_core::SC_ZERO_TIME;
    // Configuration space takes a register's width at any offset, and a function may tell it from its pieces.
    const bool whole = region == vfio_user::region_config && (count == 1 || count == 2 || count == k_register_width);
    for (std::size_t done = 0; done < count;) {
        const auto left = static_cast<unsigned>(count - done);
        const unsigned width = whole ? left : piece_length(offset + done, left, k_register_width);
        if (access(to, offset + done, done, width) != tlm::TLM_OK_RESPONSE) return false;
        done += width;
    }
    return true;
}

bool vfio_user_function::read(std::uint32_t region, std::uint64_t offset, std::uint8_t* data, std::size_t count)
{
    const bool done = for_each_piece(region, offset, count,
                                     [data](bus_initiator& from, std::uint64_t at, std::size_t part, unsigned width) {
                                         return from.read(at, data + part, width);
                                     });
    interrupts_may_change();
    return done;
}

bool vfio_user_function::write(std::uint32_t region, std::uint64_t offset, const std::uint8_t* data, std::size_t count)
{
    const bool done = for_each_piece(region, offset, count,
                                     [data](bus_initiator& to, std::uint64_t at, std::size_t part, unsigned width) {
                                         return to.write(at, data + part, width);
                                     });
    interrupts_may_change();
    return done;
}

void vfio_user_function::reset() { reset_function(runstate::reset_kind::warm); }

void vfio_user_function::power_on() { reset_function(runstate::reset_kind::cold); }

void vfio_user_function::reset_function(runstate::reset_kind kind)
{
    reset_.reset(kind);
    interrupts_may_change();
}

void vfio_user_function::interrupts_may_change()
{
    const std::uint8_t command_high = function_.config_bytes()[pci_reg::command + 1];
    if (intx.size() != 0) {
        interrupts_.hold_intx();
        deltas_left_ = k_settling_deltas;
        settling_.notify(sc_core::SC_ZERO_TIME);
    }
    interrupts_.disable_intx((command_high & (pci_command::intx_disable >> 8)) != 0);
}

void vfio_user_function::end_of_elaboration()
{
    if (intx.size() == 0) return;
    SC_HAS_PROCESS(vfio_user_function);
    SC_METHOD(settle);
    sensitive << intx->value_changed_event() << settling_;
}

void vfio_user_function::settle()
{
    if (deltas_left_ > 1) {
        --deltas_left_;
        settling_.notify(sc_core::SC_ZERO_TIME);
        return;
    }
    deltas_left_ = 0;
    drive(intx->read());
    interrupts_.release_intx();
}

void vfio_user_function::drive(bool level)
{
    const bool by_message = msi_ != 0 && (function_.config_bytes()[msi_ + pci_msi::control] & pci_msi::enable) != 0;
    if (by_message && level && !level_) interrupts_.send_msi(0);
    level_ = level;
    interrupts_.drive_intx(level && !by_message);
}

void vfio_user_function::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    if (check_shape(payload) == tlm::TLM_OK_RESPONSE) {
        payload.set_response_status(reach_memory(payload));
    } else {
        in_plain_form(
            payload, [this] { warn_of_streaming_width(dma); }, [&] { b_transport(payload, delay); });
    }
}

unsigned vfio_user_function::transport_dbg(tlm::tlm_generic_payload& payload)
{
    const bool has_data = payload.get_data_length() != 0 && payload.get_data_ptr() != nullptr;
    if (!has_data || payload.get_command() == tlm::TLM_IGNORE_COMMAND) return 0;
    return reach_memory(payload) == tlm::TLM_OK_RESPONSE ? payload.get_data_length() : 0;
}

tlm::tlm_response_status vfio_user_function::reach_memory(const tlm::tlm_generic_payload& payload) const
{
    auto outcome = guest_memory::outcome::done;
    if (payload.is_read()) {
        outcome = memory_.read(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
    } else if (payload.is_write()) {
        outcome = memory_.write(payload.get_address(), payload.get_data_ptr(), payload.get_data_length());
    }
    switch (outcome) {
    case guest_memory::outcome::done: return tlm::TLM_OK_RESPONSE;
    case guest_memory::outcome::forbidden: return tlm::TLM_COMMAND_ERROR_RESPONSE;
    default: return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    }
}

} // namespace vigil::bus
