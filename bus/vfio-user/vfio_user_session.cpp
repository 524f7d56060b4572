// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/vfio_user_session.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <vigil/bus/vfio-user/detail/interrupt_request.h>
#include <vigil/bus/vfio-user/detail/json_text.h>
#include <vigil/bus/vfio-user/guest_memory.h>
#include <vigil/bus/vfio-user/interrupt_lines.h>

namespace vigil::bus {
namespace {

using namespace vfio_user;
using namespace std::string_view_literals;

constexpr std::uint16_t k_major = 0;
constexpr std::uint16_t k_minor = 0;

/// What the server says of itself, the NUL at its end included, the longest first: the first that fits is said.
constexpr std::string_view k_capabilities[]{
    "{\"capabilities\": {\"max_msg_fds\": 8, \"max_data_xfer_size\": 1048576}}\0"sv,
    "{}\0"sv,
    ""sv,
};
static_assert(k_most_descriptors == 8 && k_longest_transfer == 1048576);

/// The structure that a request begins with; none where the request is shorter.
template <class T> std::optional<T> read_structure(const std::string& body) noexcept
{
    static_assert(std::is_trivially_copyable_v<T>);
    if (body.size() < sizeof(T)) return std::nullopt;
    T structure;
    std::memcpy(&structure, body.data(), sizeof structure);
    return structure;
}

/// The same for structures that give their own size, which may be greater.
template <class T> std::optional<T> read_sized_structure(const std::string& body) noexcept
{
    const auto structure = read_structure<T>(body);
    return structure && structure->argsz >= sizeof(T) ? structure : std::nullopt;
}

template <class T> void append_structure(std::string& to, const T& structure)
{
    static_assert(std::is_trivially_copyable_v<T>);
    to.append(reinterpret_cast<const char*>(&structure), sizeof structure);
}

/// The access that a request to read or write a region asks for; none where it is not within one.
std::optional<region_access> region_access_of(const std::string& body, const vfio_user_device& device)
{
    const auto access = read_structure<region_access>(body);
    if (!access || access->region >= region_count || access->count == 0 || access->count > k_longest_transfer) {
        return std::nullopt;
    }
    const std::uint64_t size = device.region_size(access->region);
    const bool inside = access->offset < size && access->count <= size - access->offset;
    return inside ? access : std::nullopt;
}

} // namespace

vfio_user_session::~vfio_user_session()
{
    device_.interrupts().forget_client();
    device_.memory().clear();
}

void vfio_user_session::opened() { device_.power_on(); }

void vfio_user_session::feed(std::string_view bytes, std::vector<runstate::descriptor> descriptors)
{
    incoming_.feed(bytes, std::move(descriptors));
}

void vfio_user_session::execute_one(std::string& output)
{
    message request = incoming_.take();
    body_.clear();
    int error = 0;
    try {
        error = carry_out(request);
    } catch (const std::bad_alloc&) {
        error = ENOMEM;
    }
    if ((request.head.flags & flag_no_reply) != 0) return;

    if (error != 0) body_.clear();
    header head = request.head;
    head.size = static_cast<std::uint32_t>(sizeof head + body_.size());
    head.flags = type_reply | (error != 0 ? flag_error : 0);
    head.error = static_cast<std::uint32_t>(error);
    output.reserve(output.size() + head.size);
    append_structure(output, head);
    output += body_;
}

int vfio_user_session::carry_out(message& request)
{
    if (request.malformed) {
        end_conversation();
        return EINVAL;
    }
    if (!greeted_) {
        const int error = greet(request);
        if (error != 0) end_conversation();
        return error;
    }
    if ((request.head.flags & type_mask) != type_command) return EINVAL;
    return command_of(request);
}

int vfio_user_session::command_of(message& request)
{
    switch (static_cast<command>(request.head.command)) {
    case command::version: return EINVAL; // it is agreed on already
    case command::dma_map: return map_memory(request);
    case command::dma_unmap: return unmap_memory(request);
    case command::device_get_info: return describe_device(request);
    case command::device_get_region_info: return describe_region(request);
    case command::device_get_irq_info: return describe_interrupt(request);
    case command::device_set_irqs: return set_interrupts(request);
    case command::region_read: return read_region(request);
    case command::region_write: return write_region(request);
    case command::device_reset: return reset_device();
    default: return ENOTSUP;
    }
}

int vfio_user_session::greet(const message& request)
{
    const bool is_version = (request.head.flags & type_mask) == type_command &&
                            static_cast<command>(request.head.command) == command::version;
    return is_version ? negotiate(request) : EINVAL;
}

int vfio_user_session::negotiate(const message& request)
{
    const auto proposed = read_structure<version>(request.body);
    if (!proposed || proposed->major_number != k_major) return EINVAL;

    // What it says of itself does not matter to a server that asks nothing; that it is well formed does.
    std::string_view text(request.body);
    text.remove_prefix(sizeof *proposed);
    if (!text.empty()) {
        if (text.back() != '\0') return EINVAL;
        text.remove_suffix(1);
        if (!is_json_object(text)) return EINVAL;
    }

    append_structure(body_, version{k_major, k_minor});
    for (const std::string_view capabilities : k_capabilities) {
        if (body_.size() + capabilities.size() > request.body.size()) continue;
        body_ += capabilities;
        break;
    }
    greeted_ = true;
    return 0;
}

int vfio_user_session::map_memory(const message& request)
{
    const auto asked = read_sized_structure<dma_map>(request.body);
    if (!asked || (asked->flags & ~(dma_readable | dma_writable)) != 0 || request.descriptors.size() > 1) {
        return EINVAL;
    }
    const guest_rights rights{(asked->flags & dma_readable) != 0, (asked->flags & dma_writable) != 0};
    static const runstate::descriptor none;
    const runstate::descriptor& file = request.descriptors.empty() ? none : request.descriptors.front();
    return device_.memory().map({asked->address, asked->length}, rights, file, asked->offset);
}

int vfio_user_session::unmap_memory(const message& request)
{
    const auto asked = read_sized_structure<dma_unmap>(request.body);
    if (!asked || asked->flags != 0) return EINVAL;
    const int error = device_.memory().unmap({asked->address, asked->length});
    append_structure(body_, dma_unmap{sizeof *asked, 0, asked->address, asked->length});
    return error;
}

int vfio_user_session::describe_device(const message& request)
{
    if (!read_sized_structure<device_info>(request.body)) return EINVAL;
    append_structure(body_,
                     device_info{sizeof(device_info), device_can_be_reset | device_is_pci, region_count, irq_count});
    return 0;
}

int vfio_user_session::describe_region(const message& request)
{
    const auto asked = read_sized_structure<region_info>(request.body);
    if (!asked || asked->index >= region_count) return EINVAL;
    const std::uint64_t size = device_.region_size(asked->index);
    const std::uint32_t flags = size != 0 ? region_readable | region_writable : 0;
    append_structure(body_, region_info{sizeof *asked, flags, asked->index, 0, size, 0});
    return 0;
}

int vfio_user_session::describe_interrupt(const message& request)
{
    const auto asked = read_sized_structure<irq_info>(request.body);
    if (!asked || asked->index >= irq_error) return EINVAL; // QEMU takes the error as "not there", and a 0 as a fault
    const auto count = static_cast<std::uint32_t>(device_.interrupts().count(asked->index));
    const std::uint32_t kind =
        asked->index == irq_intx ? irq_eventfd | irq_maskable | irq_automasked : irq_eventfd | irq_no_resize;
    append_structure(body_, irq_info{sizeof *asked, count != 0 ? kind : 0, asked->index, count});
    return 0;
}

int vfio_user_session::set_interrupts(message& request)
{
    const auto asked = read_sized_structure<set_irqs>(request.body);
    if (!asked) return EINVAL;
    const std::string_view data = std::string_view(request.body).substr(sizeof *asked);
    return carry_out_interrupt_request(device_.interrupts(), *asked, data, std::move(request.descriptors));
}

int vfio_user_session::read_region(const message& request)
{
    const auto access = region_access_of(request.body, device_);
    if (!access) return EINVAL;
    body_.reserve(sizeof *access + access->count);
    append_structure(body_, *access);
    body_.resize(sizeof *access + access->count);
    auto* const data = reinterpret_cast<std::uint8_t*>(body_.data() + sizeof *access);
    return device_.read(access->region, access->offset, data, access->count) ? 0 : EINVAL;
}

int vfio_user_session::write_region(const message& request)
{
    const auto access = region_access_of(request.body, device_);
    if (!access || access->count > request.body.size() - sizeof *access) return EINVAL;
    const auto* const data = reinterpret_cast<const std::uint8_t*>(request.body.data() + sizeof *access);
    if (!device_.write(access->region, access->offset, data, access->count)) return EINVAL;
    append_structure(body_, *access);
    return 0;
}

int vfio_user_session::reset_device()
{
    device_.reset();
    return 0;
}

void vfio_user_session::end_conversation() noexcept
{
    over_ = true;
    incoming_.close();
}

} // namespace vigil::bus
