// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/address_router.h>

#include <algorithm>
#include <cstdint>
#include <sstream>

#include <vigil/bus/detail/address_map.h>
#include <vigil/bus/detail/downstream.h>
#include <vigil/bus/payload_part.h>

namespace vigil::bus {

struct address_router::impl : plain_target {
    struct movable_range {
        std::size_t range; ///< its index in the map
        std::uint64_t size;
    };

    explicit impl(shared_target_socket& target)
        : plain_target(target), socket(target),
          targets("targets", [this](const auto& from, sc_dt::uint64 start, sc_dt::uint64 end) {
              take_back_from(from, start, end);
          })
    {
    }

    void carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;
    unsigned transport_dbg(tlm::tlm_generic_payload& payload) override;
    bool get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi) override;

    /// Takes direct memory back from the initiators, and any refusal of it; an empty range is none.
    void take_back(std::uint64_t first, std::uint64_t last);
    void take_back_from(const tlm::tlm_fw_transport_if<>& from, std::uint64_t start, std::uint64_t end);
    void report_overlaps(const char* owner) const;
    void transport_in_pieces(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);

    shared_target_socket& socket;
    downstream targets;
    address_map map;
    std::vector<std::string> names;      ///< of the target sockets, by range
    std::vector<movable_range> movables; ///< by the number given out
    bool built = false;
    bool direct_memory_asked = false;
};

namespace {

/// Whether the target takes the access as it is.
bool goes_whole(const address_map::segment& segment, std::uint64_t address, unsigned length) noexcept
{
    if (segment.widest == 0) return length - 1 <= segment.span - (address - segment.first);
    return is_one_access(address - segment.base, length, segment.widest);
}

unsigned next_piece(const address_map::segment& segment, std::uint64_t address, unsigned remaining) noexcept
{
    if (segment.widest != 0) return piece_length(address - segment.base, remaining, segment.widest);
    const std::uint64_t beyond = segment.span - (address - segment.first); // bytes after the one at `address`
    return remaining - 1 <= beyond ? remaining : static_cast<unsigned>(beyond + 1);
}

/// Turns what a target says of direct memory at its own addresses into what `segment` shows of it; at least the byte
/// at `address` is in it.
void show_in(const address_map::segment& segment, std::uint64_t address, tlm::tlm_dmi& dmi)
{
    const std::uint64_t first = std::max<std::uint64_t>(dmi.get_start_address(), segment.first - segment.base);
    const std::uint64_t last =
        std::min<std::uint64_t>(dmi.get_end_address(), segment.first - segment.base + segment.span);
    const std::uint64_t offset = address - segment.base;
    if (offset < first || offset > last) { // the target speaks of something else
        dmi.init();
        dmi.set_start_address(address);
        dmi.set_end_address(address);
        return;
    }
    if (dmi.get_dmi_ptr() != nullptr) dmi.set_dmi_ptr(dmi.get_dmi_ptr() + (first - dmi.get_start_address()));
    dmi.set_start_address(first + segment.base);
    dmi.set_end_address(last + segment.base);
}

std::string in_words(const address_map::range& range, const std::string& name)
{
    std::ostringstream text;
    text << name << " at 0x" << std::hex << range.first << "-0x" << range.last;
    return text.str();
}

} // namespace

void address_router::impl::carry_out(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    const std::uint64_t address = payload.get_address();
    const address_map::segment* const segment = map.find_through(address);
    if (segment == nullptr || !goes_whole(*segment, address, payload.get_data_length())) {
        transport_in_pieces(payload, delay);
        return;
    }
    payload.set_address(address - segment->base);
    segment->transport(payload, delay);
    payload.set_address(address);
}

void address_router::impl::transport_in_pieces(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay)
{
    const auto next = [this](std::uint64_t address, unsigned remaining) {
        if (const address_map::segment* const segment = map.find(address)) {
            return next_piece(*segment, address, remaining);
        }
        const std::uint64_t gap = map.gap(address);
        return gap == 0 || gap > remaining ? remaining : static_cast<unsigned>(gap);
    };
    in_pieces(payload, next, [&] {
        const std::uint64_t address = payload.get_address();
        const address_map::segment* const segment = map.find(address);
        if (segment == nullptr) {
            payload.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        payload.set_address(address - segment->base);
        segment->transport(payload, delay);
    });
}

unsigned address_router::impl::transport_dbg(tlm::tlm_generic_payload& payload)
{
    const auto next = [this](std::uint64_t address, unsigned remaining) {
        const address_map::segment* const segment = map.find(address);
        return segment != nullptr ? next_piece(*segment, address, remaining) : 0;
    };
    return debug_in_pieces(payload, next, [&] {
        const std::uint64_t address = payload.get_address();
        const address_map::segment* const segment = map.find(address);
        payload.set_address(address - segment->base);
        return segment->debug_target->transport_dbg(payload);
    });
}

bool address_router::impl::get_direct_mem_ptr(tlm::tlm_generic_payload& payload, tlm::tlm_dmi& dmi)
{
    direct_memory_asked = true;
    dmi.init();
    const std::uint64_t address = payload.get_address();
    const address_map::segment* const segment = map.find(address);
    if (segment == nullptr) {
        const std::uint64_t gap = map.gap(address);
        dmi.set_start_address(address);
        if (gap != 0) dmi.set_end_address(address + (gap - 1));
        return false;
    }
    payload.set_address(address - segment->base);
    const bool granted = segment->whole_target->get_direct_mem_ptr(payload, dmi);
    payload.set_address(address);
    show_in(*segment, address, dmi);
    return granted && !dmi.is_none_allowed();
}

void address_router::impl::take_back(std::uint64_t first, std::uint64_t last)
{
    if (!direct_memory_asked || last < first) return;
    for (int i = 0; i < socket.size(); ++i) socket[i]->invalidate_direct_mem_ptr(first, last);
}

void address_router::impl::take_back_from(const tlm::tlm_fw_transport_if<>& from, std::uint64_t start,
                                          std::uint64_t end)
{
    for (const address_map::range& range : map.ranges()) {
        const std::uint64_t span = range.last - range.first;
        if (range.target != &from || range.last < range.first || start > span) continue;
        take_back(range.first + start, range.first + std::min(end, span));
    }
}

void address_router::impl::report_overlaps(const char* owner) const
{
    const auto& ranges = map.ranges();
    const auto movable = [this](std::size_t range) {
        return std::any_of(movables.begin(), movables.end(), [&](const auto& one) { return one.range == range; });
    };
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        for (std::size_t j = i + 1; j < ranges.size(); ++j) {
            const address_map::range& a = ranges[i];
            const address_map::range& b = ranges[j];
            if (a.priority != b.priority || a.last < b.first || b.last < a.first) continue;
            if (movable(i) || movable(j)) continue;
            SC_REPORT_ERROR("/vigil/bus/overlap",
                            (std::string(owner) + ": " + in_words(a, names[i]) + " and " + in_words(b, names[j]) +
                             " overlap with equal priority; move one, or give the one that shall win a higher "
                             "mapping_options::priority")
                                .c_str());
        }
    }
}

address_router::address_router(const sc_core::sc_module_name& name)
    : sc_module(name), target("target"), impl_(std::make_unique<impl>(target))
{
    target.bind(static_cast<tlm::tlm_fw_transport_if<>&>(*impl_));
}

address_router::~address_router() = default;

std::optional<address_router::decoded_range> address_router::range_at(std::uint64_t address) const
{
    const address_map::segment* const found = impl_->map.find(address);
    if (found == nullptr) return std::nullopt;
    return decoded_range{found->base, found->widest};
}

void address_router::end_of_elaboration()
{
    impl_->report_overlaps(name());
    impl_->map.build();
    impl_->built = true;
}

void address_router::map(std::uint64_t start, std::uint64_t size, any_target_socket& socket, mapping_options options)
{
    const std::string socket_name = socket.get_base_export().name();
    const std::uint64_t last = size == 0 ? ~std::uint64_t{0} : start + (size - 1);
    const unsigned widest = options.widest;
    const char* wrong = nullptr;
    if (last < start) {
        wrong = "the range goes beyond the 64-bit space; make it smaller";
    } else if (widest != 0 && widest != 1 && widest != 2 && widest != 4 && widest != 8) {
        wrong = "the widest access must be 1, 2, 4 or 8 bytes, or 0 for memory";
    } else if (impl_->built) {
        wrong = "ranges are mapped before the end of elaboration";
    }
    if (wrong != nullptr) {
        SC_REPORT_ERROR("/vigil/bus/map", (std::string(name()) + ": cannot map " + socket_name + ": " + wrong).c_str());
        return;
    }
    impl_->map.add({start, last, &impl_->targets.bind(socket), widest, options.priority});
    impl_->names.push_back(socket_name);
}

std::size_t address_router::map_movable(std::uint64_t size, any_target_socket& socket, mapping_options options)
{
    const std::size_t range = impl_->map.ranges().size();
    map(0, size, socket, options);
    const std::size_t number = impl_->movables.size();
    if (impl_->map.ranges().size() == range) return number; // an error, already reported
    impl_->movables.push_back({range, size});
    place(number, std::nullopt);
    return number;
}

void address_router::place(std::size_t movable, std::optional<std::uint64_t> start)
{
    constexpr std::uint64_t k_nowhere = 1; // with 0 as the last address
    if (movable >= impl_->movables.size()) {
        SC_REPORT_ERROR("/vigil/bus/map", (std::string(name()) + ": no movable range has number " +
                                           std::to_string(movable) + "; map_movable gives the numbers out")
                                              .c_str());
        return;
    }
    const auto [range, size] = impl_->movables[movable];
    const std::uint64_t first = start.value_or(k_nowhere);
    const std::uint64_t last = start ? first + (size - 1) : 0;
    if (start && last < first) {
        SC_REPORT_ERROR("/vigil/bus/map", (std::string(name()) + ": cannot move " + impl_->names[range] +
                                           ": the range goes beyond the 64-bit space")
                                              .c_str());
        return;
    }
    const address_map::range before = impl_->map.ranges()[range];
    if (before.first == first && before.last == last) return;
    impl_->map.move(range, first, last);
    if (!impl_->built) return;
    impl_->map.build();
    impl_->take_back(before.first, before.last);
    impl_->take_back(first, last);
}

} // namespace vigil::bus
