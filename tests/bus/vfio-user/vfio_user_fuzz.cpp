// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/vfio_user_session.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sample_device.h"
#include "vfio_client.h"

using namespace vfio_client;

namespace {

constexpr std::size_t k_file_size = std::size_t{64} * 1024;

void require(bool holds)
{
    if (!holds) std::abort();
}

/// The descriptor that would be opened next: the same as before where none was left open.
int next_descriptor()
{
    const descriptor next(::dup(0));
    return next.number();
}

/// What a client sends along with a portion, two bits of `kinds` saying what.
std::vector<descriptor> descriptors_with(std::size_t portion, unsigned kinds, const descriptor& file)
{
    const unsigned kind = kinds >> (2 * (portion % 4)) & 3;
    std::vector<descriptor> descriptors;
    if ((kind & 1) != 0) descriptors.push_back(copy_of(file));
    if ((kind & 2) != 0) descriptors.push_back(event_file());
    return descriptors;
}

/// The headers of what a client sent, as far as they are whole and say what can be.
std::vector<wire::header> headers_in(std::string_view bytes)
{
    std::vector<wire::header> headers;
    while (bytes.size() >= sizeof(wire::header)) {
        wire::header head{};
        std::memcpy(&head, bytes.data(), sizeof head);
        headers.push_back(head);
        if (head.size < sizeof head || head.size > wire::k_longest_message) break;
        bytes.remove_prefix(std::min<std::size_t>(bytes.size(), head.size));
    }
    return headers;
}

/// A reply is the one to its request, well formed, and no longer than the client has room for.
void check_reply(const wire::header& asked, const std::string& reply)
{
    if ((asked.flags & wire::flag_no_reply) != 0) {
        require(reply.empty());
        return;
    }
    const int error = error_in(reply);
    require(error >= 0);
    const auto head = structure_in<wire::header>(reply);
    require(head.id == asked.id && head.command == asked.command);
    const bool is_read = static_cast<wire::command>(asked.command) == wire::command::region_read;
    require(error != 0 || is_read || head.size <= asked.size);
}

/// What a device does of its own accord.
void use(sample_device& device)
{
    std::uint8_t bytes[48] = {};
    for (const std::uint64_t address : {0x0ULL, 0xff0ULL, 0x1000ULL, 0xfffffffffffffff0ULL}) {
        device.ram.read(address, bytes, sizeof bytes);
        device.ram.write(address, bytes, sizeof bytes);
    }
    device.lines.drive_intx(!device.lines.intx_level());
    device.lines.send_msi(1);
}

void converse(std::string_view bytes, std::size_t portion, unsigned kinds, const descriptor& file)
{
    const std::vector<wire::header> asked = headers_in(bytes);
    std::size_t answered = 0;
    sample_device device;
    {
        vigil::bus::vfio_user_session session(device);
        session.opened();
        for (std::size_t at = 0; at < bytes.size() && !session.over(); at += portion) {
            session.feed(bytes.substr(at, portion), descriptors_with(at / portion, kinds, file));
            while (session.pending()) {
                std::string reply;
                session.execute_one(reply);
                require(answered < asked.size());
                check_reply(asked[answered++], reply);
                use(device);
            }
        }
        require(::ftruncate(file.number(), 0) == 0); // while it may be mapped
        use(device);
        require(::ftruncate(file.number(), k_file_size) == 0);
    }
    require(device.ram.ranges() == 0);
}

} // namespace

/// The first byte says how many bytes come at once, and the second with which descriptors; the rest is what the client
/// sends, with and without a greeting before it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size < 2) return 0;
    const std::string bytes(reinterpret_cast<const char*>(data + 2), size - 2);
    const std::size_t portion = std::size_t{data[0]} + 1;

    static const descriptor file = memory_file(k_file_size);
    const int before = next_descriptor();
    converse(bytes, portion, data[1], file);
    converse(greeting() + bytes, portion, data[1], file);
    require(next_descriptor() == before);
    return 0;
}
