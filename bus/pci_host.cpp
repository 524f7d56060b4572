// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/pci_host.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <vigil/bus/detail/address_map.h>
#include <vigil/bus/detail/downstream.h>
#include <vigil/bus/detail/pci_space.h>
#include <vigil/bus/little_endian.h>
#include <vigil/bus/payload_form.h>
#include <vigil/bus/payload_part.h>

namespace vigil::bus {
namespace {

constexpr register_region k_ports{4, 4}; ///< at each of the configuration ports
constexpr std::uint32_t k_address_enable = 0x8000'0000;
constexpr std::uint8_t k_no_memory = 0x00;
constexpr std::uint8_t k_no_port = 0xFF;

/// Port CF8.
struct address_port : blocking_target {
    explicit address_port(const shared_target_socket& target) : socket(target) {}

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& /*delay*/) override
    {
        access_registers(
            payload, k_ports, [this] { warn_of_streaming_width(socket); },
            [&] {
                payload.set_response_status(tlm::TLM_OK_RESPONSE);
                const unsigned width = payload.get_data_length();
                if (payload.is_read()) {
                    store_little_endian(payload.get_data_ptr(), width, value);
                } else if (payload.is_write() && width == 4) {
                    value = static_cast<std::uint32_t>(load_little_endian(payload.get_data_ptr(), width));
                }
            });
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override
    {
        return peek_registers(payload, k_ports,
                              [&] { store_little_endian(payload.get_data_ptr(), payload.get_data_length(), value); });
    }

    const shared_target_socket& socket;
    std::uint32_t value = 0;
};

/// Port CFC.
struct data_port : blocking_target {
    data_port(const shared_target_socket& target, const address_port& port, const pci_buses& functions)
        : socket(target), address(port), buses(functions)
    {
    }

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override
    {
        access_registers(
            payload, k_ports, [this] { warn_of_streaming_width(socket); },
            [&] {
                const attached_function* const selected = function();
                if (selected == nullptr) {
                    answer_absent(payload, k_no_pci_function);
                    return;
                }
                for_each_part(payload, [&] {
                    payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
                    selected->config->b_transport(payload, delay);
                });
            });
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override
    {
        return peek_registers(payload, k_ports, [&] {
            const attached_function* const selected = function();
            if (selected == nullptr) {
                answer_absent_debug(payload, k_no_pci_function);
            } else {
                for_each_part(payload, [&] { selected->config->transport_dbg(payload); });
            }
        });
    }

    /// The function that the configuration address selects, or null.
    const attached_function* function() const noexcept
    {
        if ((address.value & k_address_enable) == 0) return nullptr;
        return buses.at((address.value >> 16) & 0xFF, (address.value >> 8) & 0xFF);
    }

    /// Carries out an access to the selected function's space, once but where its end cuts an access of 4 bytes to 3.
    template <class Access> void for_each_part(tlm::tlm_generic_payload& payload, Access access) const
    {
        const auto port = static_cast<std::uint32_t>(payload.get_address());
        const unsigned length = payload.get_data_length();
        const std::uint32_t offset = (address.value | port) & (pci_function::k_config_size - 1);
        const std::uint32_t room = pci_function::k_config_size - offset;
        const unsigned inside = length <= room ? length : room;
        if (inside < length && payload.is_read()) {
            std::memset(payload.get_data_ptr() + inside, 0, length - inside);
        }
        payload_part part(payload);
        for (unsigned done = 0; done < inside;) {
            const unsigned width = inside - done == 3 ? 1 : inside - done;
            part.select(offset + done, done, width);
            access();
            done += width;
        }
    }

    const shared_target_socket& socket;
    const address_port& address;
    const pci_buses& buses;
};

/// The widest access that a region takes.
unsigned widest_of(const shared_target_socket& socket) noexcept
{
    const auto* const registers = dynamic_cast<const register_socket*>(&socket);
    return registers != nullptr && registers->widest() > k_pci_register_width ? registers->widest()
                                                                              : k_pci_register_width;
}

} // namespace

struct pci_host::impl {
    impl(const shared_target_socket& address_socket, const shared_target_socket& data_socket,
         const shared_target_socket& memory_socket, const shared_target_socket& io_socket)
        : address(address_socket), data(data_socket, address, buses), memory(memory_socket, memory_space),
          io(io_socket, io_space)
    {
    }

    /// Follows what the functions decode now.
    void rebuild();
    void place(const attached_function& attached);
    void place_memory_blocks(const attached_function& attached);
    attached_function* find(const pci_function& function) const noexcept;
    std::optional<std::string> check_place(pci_address at, const pci_bridge* bridge) const;
    void put(attached_function& attached, pci_address at, const pci_bridge* bridge);

    downstream functions_socket{"functions"};
    std::vector<std::unique_ptr<attached_function>> functions; ///< in the order of attachment
    pci_buses buses;

    address_port address;
    data_port data;
    ecam_window ecam{buses};
    pci_space memory_space{{}, k_no_memory, &ecam};
    pci_space io_space{{}, k_no_port};
    pci_space_port memory;
    pci_space_port io;

    address_router* overlay = nullptr;
    int overlay_priority = 0;
};

void pci_host::impl::rebuild()
{
    memory_space.windows.clear();
    io_space.windows.clear();
    if (ecam.size != 0) {
        const std::uint64_t room = ~std::uint64_t{0} - ecam.base;
        const std::uint64_t last = ecam.base + (ecam.size - 1 < room ? ecam.size - 1 : room);
        memory_space.windows.add({ecam.base, last, &ecam, k_pci_register_width});
    }
    for (const auto& attached : functions) place(*attached);
    memory_space.windows.build();
    io_space.windows.build();
}

void pci_host::impl::place(const attached_function& attached)
{
    place_memory_blocks(attached);
    if (attached.bus == nullptr) return;
    const auto& bars = attached.function->bars();
    for (std::size_t i = 0; i < attached.bars.size(); ++i) {
        const pci_function::window window = attached.function->bar_window(bars[i]);
        const std::uint64_t last = std::uint64_t{window.base} + (bars[i].size - 1);
        if (!window.enabled || !buses.reaches(*attached.bus, bars[i].kind, window.base, last)) continue;
        address_map& windows = bars[i].kind == bar_kind::io ? io_space.windows : memory_space.windows;
        windows.add({window.base, last, attached.bars[i], widest_of(*bars[i].socket)});
    }
    const auto& blocks = attached.function->port_blocks();
    for (std::size_t i = 0; i < attached.port_blocks.size(); ++i) {
        const std::uint64_t base = blocks[i].now.base;
        if (!blocks[i].now.enabled) continue;
        io_space.windows.add(
            {base, base + (blocks[i].size - 1), attached.port_blocks[i], widest_of(*blocks[i].socket)});
    }
}

void pci_host::impl::place_memory_blocks(const attached_function& attached)
{
    constexpr int k_over_windows = 1;
    const auto& blocks = attached.function->memory_blocks();
    for (std::size_t i = 0; i < attached.memory_blocks.size(); ++i) {
        pci_function::window now = blocks[i].now;
        now.enabled = now.enabled && attached.bus != nullptr;
        const std::uint64_t base = now.base;
        if (overlay != nullptr) overlay->place(attached.overlaid[i], now.enabled ? std::optional(base) : std::nullopt);
        if (!now.enabled) continue;
        memory_space.windows.add(
            {base, base + (blocks[i].size - 1), attached.memory_blocks[i], k_pci_register_width, k_over_windows});
    }
}

pci_host::pci_host(const sc_core::sc_module_name& name)
    : sc_module(name), config_address("config_address"), config_data("config_data"), memory("memory"), io("io"),
      impl_(std::make_unique<impl>(config_address, config_data, memory, io))
{
    config_address.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->address));
    config_data.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->data));
    memory.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->memory));
    io.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->io));
}

pci_host::~pci_host() = default;

void pci_host::overlay(address_router& router, int priority)
{
    if (!impl_->functions.empty()) {
        SC_REPORT_ERROR("/vigil/bus/overlay",
                        (std::string(name()) + ": overlay() comes before the first attach()").c_str());
        return;
    }
    impl_->overlay = &router;
    impl_->overlay_priority = priority;
}

attached_function* pci_host::impl::find(const pci_function& function) const noexcept
{
    const auto is_it = [&](const auto& one) { return one->function == &function; };
    const auto found = std::find_if(functions.begin(), functions.end(), is_it);
    return found != functions.end() ? found->get() : nullptr;
}

std::optional<std::string> pci_host::impl::check_place(pci_address at, const pci_bridge* bridge) const
{
    const std::string text = "slot " + std::to_string(at.slot) + " function " + std::to_string(at.function);
    if (at.slot >= k_pci_slots || at.function >= k_pci_functions) return text + " is beyond slot 31 function 7";
    const pci_bus* const bus = buses.find(bridge);
    const attached_function* const other = bus != nullptr ? bus->places[at.devfn()] : nullptr;
    if (other != nullptr) return text + " is in use by " + other->function->name();
    return std::nullopt;
}

void pci_host::impl::put(attached_function& attached, pci_address at, const pci_bridge* bridge)
{
    buses.put(attached, at.devfn(), bridge);
    rebuild();
}

std::optional<std::string> pci_host::attach(pci_function& function, pci_address address, const pci_bridge* bridge)
{
    if (auto wrong = impl_->check_place(address, bridge)) return wrong;
    if (auto wrong = attach_unplugged(function)) return wrong;
    impl_->put(*impl_->functions.back(), address, bridge);
    return std::nullopt;
}

std::optional<std::string> pci_host::attach_unplugged(pci_function& function)
{
    if (impl_->find(function) != nullptr) return std::string(function.name()) + " is attached already";
    auto attached = std::make_unique<attached_function>();
    attached->function = &function;
    attached->config = &impl_->functions_socket.bind(function.config);
    for (const pci_bar& bar : function.bars()) attached->bars.push_back(&impl_->functions_socket.bind(*bar.socket));
    for (const pci_function::port_block& block : function.port_blocks()) {
        attached->port_blocks.push_back(&impl_->functions_socket.bind(*block.socket));
    }
    for (const pci_function::memory_block& block : function.memory_blocks()) {
        attached->memory_blocks.push_back(&impl_->functions_socket.bind(*block.socket));
        if (impl_->overlay == nullptr) continue;
        attached->overlaid.push_back(
            impl_->overlay->map_movable(block.size, *block.socket, {k_pci_register_width, impl_->overlay_priority}));
    }
    function.on_decode_change([host = impl_.get()] { host->rebuild(); });
    impl_->functions.push_back(std::move(attached));
    return std::nullopt;
}

std::optional<std::string> pci_host::plug(pci_function& function, pci_address address, const pci_bridge* bridge)
{
    attached_function* const attached = impl_->find(function);
    if (attached == nullptr) return std::string(function.name()) + " was not attached while the platform was built";
    if (attached->bus != nullptr) return std::string(function.name()) + " is on a bus already";
    if (auto wrong = impl_->check_place(address, bridge)) return wrong;
    impl_->put(*attached, address, bridge);
    return std::nullopt;
}

void pci_host::unplug(pci_function& function)
{
    attached_function* const attached = impl_->find(function);
    if (attached == nullptr || attached->bus == nullptr) return;
    impl_->buses.take(*attached);
    impl_->rebuild();
}

std::optional<std::uint8_t> pci_host::free_slot(std::uint8_t first, const pci_bridge* bridge) const noexcept
{
    const pci_bus* const bus = impl_->buses.find(bridge);
    for (unsigned slot = first; slot < k_pci_slots; ++slot) {
        bool free = true;
        for (unsigned f = 0; bus != nullptr && f < k_pci_functions; ++f)
            free = free && bus->places[slot * k_pci_functions + f] == nullptr;
        if (free) return static_cast<std::uint8_t>(slot);
    }
    return std::nullopt;
}

pci_function* pci_host::at(pci_address address, const pci_bridge* bridge) const noexcept
{
    if (address.slot >= k_pci_slots || address.function >= k_pci_functions) return nullptr;
    const pci_bus* const bus = impl_->buses.find(bridge);
    const attached_function* const attached = bus != nullptr ? bus->places[address.devfn()] : nullptr;
    return attached != nullptr ? attached->function : nullptr;
}

void pci_host::set_ecam_window(std::uint64_t base, std::uint64_t size) noexcept
{
    ecam_window& ecam = impl_->ecam;
    if (size == ecam.size && base == ecam.base) return;
    ecam.base = base;
    ecam.size = size;
    ecam.reached = false;
    impl_->rebuild();
}

void pci_host::reset() noexcept { impl_->address.value = 0; }

std::uint32_t pci_host::configuration_address() const noexcept { return impl_->address.value; }

void pci_host::set_configuration_address(std::uint32_t value) noexcept { impl_->address.value = value; }

pci_memory_window::pci_memory_window(const sc_core::sc_module_name& name, pci_host& host, std::uint64_t base)
    : sc_module(name), target("target"), port_(std::make_unique<pci_space_port>(target, host.impl_->memory_space, base))
{
    target.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*port_));
}

pci_memory_window::~pci_memory_window() = default;

} // namespace vigil::bus
