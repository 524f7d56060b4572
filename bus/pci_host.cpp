// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/pci_host.h>

#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include <vigil/bus/detail/address_map.h>
#include <vigil/bus/detail/downstream.h>
#include <vigil/bus/detail/payload_part.h>
#include <vigil/bus/little_endian.h>

namespace vigil::bus {
namespace {

constexpr unsigned k_slots = 32;
constexpr unsigned k_functions = 8;
constexpr std::uint64_t k_port_count = 4; ///< bytes at each of the configuration ports
constexpr std::uint32_t k_address_enable = 0x8000'0000;
constexpr unsigned k_register_width = 4;     ///< the widest access to a memory block
constexpr std::uint8_t k_no_function = 0xFF; ///< what every byte of an absent function reads
constexpr std::uint8_t k_no_memory = 0x00;
constexpr std::uint8_t k_no_port = 0xFF;

/// A PCI address space: goes to the window at the access's first address.
struct address_space : blocking_target {
    explicit address_space(std::uint8_t absent) : fill(absent) {}

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override
    {
        const std::uint64_t address = payload.get_address();
        const address_map::segment* const window = windows.find(address);
        if (window == nullptr) {
            answer_absent(payload, fill);
            return;
        }
        payload.set_address(address - window->base);
        window->target->b_transport(payload, delay);
        payload.set_address(address);
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override
    {
        const std::uint64_t address = payload.get_address();
        const address_map::segment* const window = windows.find(address);
        if (window == nullptr) return answer_absent_debug(payload, fill);
        payload.set_address(address - window->base);
        const unsigned done = window->debug_target->transport_dbg(payload);
        payload.set_address(address);
        return done;
    }

    address_map windows;
    std::uint8_t fill;
};

/// A function on the bus, and where its sockets lead.
struct attached_function {
    pci_function* function;
    tlm::tlm_fw_transport_if<>* config;
    std::vector<tlm::tlm_fw_transport_if<>*> bars;          ///< as pci_function::bars()
    std::vector<tlm::tlm_fw_transport_if<>*> port_blocks;   ///< as pci_function::port_blocks()
    std::vector<tlm::tlm_fw_transport_if<>*> memory_blocks; ///< as pci_function::memory_blocks()
    std::vector<std::size_t> overlaid;                      ///< the memory blocks as ranges of the overlay, if any
};

/// Bus 0, by slot and function.
using bus_places = std::array<attached_function*, std::size_t{k_slots} * k_functions>;

/// Port CF8.
struct address_port : blocking_target {
    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& /*delay*/) override
    {
        const tlm::tlm_response_status status = check_register_access(payload, k_port_count, 4);
        payload.set_response_status(status);
        if (status != tlm::TLM_OK_RESPONSE) return;
        const unsigned width = payload.get_data_length();
        if (payload.is_read()) {
            store_little_endian(payload.get_data_ptr(), width, value);
        } else if (payload.is_write() && width == 4) {
            value = static_cast<std::uint32_t>(load_little_endian(payload.get_data_ptr(), width));
        }
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override
    {
        const bool possible = check_register_access(payload, k_port_count, 4) == tlm::TLM_OK_RESPONSE;
        if (!possible || !payload.is_read()) return 0;
        store_little_endian(payload.get_data_ptr(), payload.get_data_length(), value);
        return payload.get_data_length();
    }

    std::uint32_t value = 0;
};

/// Port CFC.
struct data_port : blocking_target {
    data_port(const address_port& port, const bus_places& functions) : address(port), places(functions) {}

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override
    {
        const tlm::tlm_response_status status = check_register_access(payload, k_port_count, 4);
        const attached_function* const selected = function();
        if (status != tlm::TLM_OK_RESPONSE) {
            payload.set_response_status(status);
        } else if (selected == nullptr) {
            answer_absent(payload, k_no_function);
        } else {
            for_each_part(payload, [&] {
                payload.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
                selected->config->b_transport(payload, delay);
            });
        }
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override
    {
        const bool possible = check_register_access(payload, k_port_count, 4) == tlm::TLM_OK_RESPONSE;
        if (!possible || !payload.is_read()) return 0;
        const attached_function* const selected = function();
        if (selected == nullptr) return answer_absent_debug(payload, k_no_function);
        for_each_part(payload, [&] { selected->config->transport_dbg(payload); });
        return payload.get_data_length();
    }

    /// The function that the configuration address selects, or null.
    const attached_function* function() const noexcept
    {
        const std::uint32_t bus = (address.value >> 16) & 0xFF;
        if ((address.value & k_address_enable) == 0 || bus != 0) return nullptr;
        return places[(address.value >> 8) & 0xFF];
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

    const address_port& address;
    const bus_places& places;
};

/// The memory-mapped mechanism; addresses count from the start of its window.
struct ecam_window : blocking_target {
    explicit ecam_window(const bus_places& functions) : places(functions) {}

    void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override
    {
        const std::uint64_t address = payload.get_address();
        const attached_function* const selected = function(address);
        if (selected == nullptr) {
            answer_absent(payload, k_no_function);
            return;
        }
        payload.set_address(address & 0xFFF);
        selected->config->b_transport(payload, delay);
        payload.set_address(address);
    }

    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override
    {
        const std::uint64_t address = payload.get_address();
        const attached_function* const selected = function(address);
        if (selected == nullptr) return answer_absent_debug(payload, k_no_function);
        payload.set_address(address & 0xFFF);
        const unsigned done = selected->config->transport_dbg(payload);
        payload.set_address(address);
        return done;
    }

    /// The function whose configuration space `address` lies in, or null.
    const attached_function* function(std::uint64_t address) const noexcept
    {
        const bool in_space = (address & 0xFFF) < pci_function::k_config_size;
        return in_space && (address >> 20) == 0 ? places[(address >> 12) & 0xFF] : nullptr;
    }

    const bus_places& places;
};

} // namespace

struct pci_host::impl {
    /// Follows what the functions decode now.
    void rebuild();
    void place_memory_blocks(const attached_function& attached);

    downstream functions_socket{"functions"};
    std::vector<std::unique_ptr<attached_function>> functions; ///< in the order of attachment
    bus_places places{};

    address_port address;
    data_port data{address, places};
    address_space memory_space{k_no_memory};
    address_space io_space{k_no_port};

    ecam_window ecam{places};
    std::uint64_t ecam_base = 0;
    std::uint64_t ecam_size = 0; ///< 0: closed

    address_router* overlay = nullptr;
    int overlay_priority = 0;
};

void pci_host::impl::rebuild()
{
    memory_space.windows.clear();
    io_space.windows.clear();
    if (ecam_size != 0) {
        const std::uint64_t room = ~std::uint64_t{0} - ecam_base;
        const std::uint64_t last = ecam_base + (ecam_size - 1 < room ? ecam_size - 1 : room);
        memory_space.windows.add({ecam_base, last, &ecam});
    }
    for (const auto& attached : functions) {
        const auto& bars = attached->function->bars();
        for (std::size_t i = 0; i < attached->bars.size(); ++i) {
            const pci_function::window window = attached->function->bar_window(bars[i]);
            if (!window.enabled) continue;
            address_map& windows = bars[i].kind == bar_kind::io ? io_space.windows : memory_space.windows;
            windows.add({window.base, std::uint64_t{window.base} + (bars[i].size - 1), attached->bars[i]});
        }
        const auto& blocks = attached->function->port_blocks();
        for (std::size_t i = 0; i < attached->port_blocks.size(); ++i) {
            const std::uint64_t base = blocks[i].now.base;
            if (!blocks[i].now.enabled) continue;
            io_space.windows.add({base, base + (blocks[i].size - 1), attached->port_blocks[i]});
        }
        place_memory_blocks(*attached);
    }
    memory_space.windows.build();
    io_space.windows.build();
}

void pci_host::impl::place_memory_blocks(const attached_function& attached)
{
    constexpr int k_over_windows = 1;
    const auto& blocks = attached.function->memory_blocks();
    for (std::size_t i = 0; i < attached.memory_blocks.size(); ++i) {
        const pci_function::window& now = blocks[i].now;
        const std::uint64_t base = now.base;
        if (overlay != nullptr) overlay->place(attached.overlaid[i], now.enabled ? std::optional(base) : std::nullopt);
        if (!now.enabled) continue;
        memory_space.windows.add(
            {base, base + (blocks[i].size - 1), attached.memory_blocks[i], k_register_width, k_over_windows});
    }
}

pci_host::pci_host(const sc_core::sc_module_name& name)
    : sc_module(name), config_address("config_address"), config_data("config_data"), memory("memory"), io("io"),
      impl_(std::make_unique<impl>())
{
    config_address.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->address));
    config_data.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->data));
    memory.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->memory_space));
    io.bind(static_cast<tlm::tlm_fw_transport_if<>&>(impl_->io_space));
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

std::optional<std::string> pci_host::attach(pci_function& function, pci_address address)
{
    const std::string place = "slot " + std::to_string(address.slot) + " function " + std::to_string(address.function);
    if (address.slot >= k_slots || address.function >= k_functions) return place + " is beyond slot 31 function 7";
    if (const pci_function* other = at(address)) return place + " is in use by " + other->name();
    for (const auto& attached : impl_->functions) {
        if (attached->function == &function) return std::string(function.name()) + " is attached already";
    }

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
            impl_->overlay->map_movable(block.size, *block.socket, {k_register_width, impl_->overlay_priority}));
    }
    function.on_decode_change([host = impl_.get()] { host->rebuild(); });
    impl_->places[address.devfn()] = attached.get();
    impl_->functions.push_back(std::move(attached));
    impl_->rebuild();
    return std::nullopt;
}

std::optional<std::uint8_t> pci_host::free_slot(std::uint8_t first) const noexcept
{
    for (unsigned slot = first; slot < k_slots; ++slot) {
        bool free = true;
        for (unsigned f = 0; f < k_functions; ++f) free = free && impl_->places[slot * k_functions + f] == nullptr;
        if (free) return static_cast<std::uint8_t>(slot);
    }
    return std::nullopt;
}

pci_function* pci_host::at(pci_address address) const noexcept
{
    if (address.slot >= k_slots || address.function >= k_functions) return nullptr;
    const attached_function* const attached = impl_->places[address.devfn()];
    return attached != nullptr ? attached->function : nullptr;
}

void pci_host::set_ecam_window(std::uint64_t base, std::uint64_t size) noexcept
{
    if (size == impl_->ecam_size && base == impl_->ecam_base) return;
    impl_->ecam_base = base;
    impl_->ecam_size = size;
    impl_->rebuild();
}

void pci_host::reset() noexcept { impl_->address.value = 0; }

std::uint32_t pci_host::configuration_address() const noexcept { return impl_->address.value; }

void pci_host::set_configuration_address(std::uint32_t value) noexcept { impl_->address.value = value; }

} // namespace vigil::bus
