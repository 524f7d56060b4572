// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_TESTS_BUS_VFIO_USER_VFIO_CLIENT_H
#define VIGIL_TESTS_BUS_VFIO_USER_VFIO_CLIENT_H

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <vigil/bus/vfio-user/protocol.h>
#include <vigil/bus/vfio-user/vfio_user_session.h>
#include <vigil/runstate/files/descriptor.h>

/// The client's side of vfio-user, for tests of the server's.
namespace vfio_client {

namespace wire = vigil::bus::vfio_user;
using vigil::runstate::descriptor;

constexpr std::uint64_t k_page = 4096;

template <class T> std::string bytes_of(const T& structure)
{
    return {reinterpret_cast<const char*>(&structure), sizeof structure};
}

template <class T> T structure_in(const std::string& bytes, std::size_t offset = 0)
{
    T structure{};
    if (bytes.size() >= offset + sizeof structure) std::memcpy(&structure, bytes.data() + offset, sizeof structure);
    return structure;
}

inline std::string message(std::uint16_t command, const std::string& body, std::uint32_t flags = 0,
                           std::uint16_t id = 0x1234)
{
    const auto size = static_cast<std::uint32_t>(sizeof(wire::header) + body.size());
    return bytes_of(wire::header{id, command, size, flags, 0}) + body;
}
inline std::string message(wire::command command, const std::string& body = {}, std::uint32_t flags = 0,
                           std::uint16_t id = 0x1234)
{
    return message(static_cast<std::uint16_t>(command), body, flags, id);
}

inline std::string greeting()
{
    return message(wire::command::version, bytes_of(wire::version{0, 0}) +
                                               std::string("{\"capabilities\": {\"max_msg_fds\": 16}}") +
                                               std::string(40, ' ') + '\0');
}

inline std::string read_request(std::uint32_t region, std::uint64_t offset, std::uint32_t count)
{
    return message(wire::command::region_read, bytes_of(wire::region_access{offset, region, count}));
}
inline std::string write_request(std::uint32_t region, std::uint64_t offset, const std::string& data,
                                 std::uint32_t flags = 0)
{
    const auto count = static_cast<std::uint32_t>(data.size());
    return message(wire::command::region_write, bytes_of(wire::region_access{offset, region, count}) + data, flags);
}
inline std::string map_request(std::uint64_t address, std::uint64_t length, std::uint32_t flags = 3,
                               std::uint64_t offset = 0)
{
    return message(wire::command::dma_map, bytes_of(wire::dma_map{32, flags, offset, address, length}));
}
inline std::string unmap_request(std::uint64_t address, std::uint64_t length)
{
    return message(wire::command::dma_unmap, bytes_of(wire::dma_unmap{24, 0, address, length}));
}
inline std::string irq_request(std::uint32_t flags, std::uint32_t index, std::uint32_t first, std::uint32_t count,
                               const std::string& data = {})
{
    return message(wire::command::device_set_irqs, bytes_of(wire::set_irqs{20, flags, index, first, count}) + data);
}

/// What is not there.
inline const descriptor k_none;

inline std::vector<descriptor> with(descriptor one)
{
    std::vector<descriptor> all;
    if (one) all.push_back(std::move(one));
    return all;
}
inline std::vector<descriptor> with(descriptor first, descriptor second)
{
    std::vector<descriptor> all = with(std::move(first));
    all.push_back(std::move(second));
    return all;
}

/// A file in memory of so many bytes; `file_seal` such as F_SEAL_WRITE.
inline descriptor memory_file(std::size_t size, int file_seal = 0)
{
    descriptor file(::memfd_create("vfio_client", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (::ftruncate(file.number(), static_cast<off_t>(size)) != 0) return {};
    if (file_seal != 0 && ::fcntl(file.number(), F_ADD_SEALS, file_seal) != 0) return {};
    return file;
}
inline descriptor event_file(unsigned count = 0) { return descriptor(::eventfd(count, EFD_CLOEXEC | EFD_NONBLOCK)); }
inline descriptor copy_of(const descriptor& file) { return descriptor(::dup(file.number())); }

/// What was added to an eventfd since the last call.
inline std::uint64_t taken_from(const descriptor& event)
{
    std::uint64_t count = 0;
    return ::read(event.number(), &count, sizeof count) == sizeof count ? count : 0;
}

/// How many descriptors this process has open.
inline std::size_t open_descriptors()
{
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}
/// How many mappings of `memory_file`s it has.
inline std::size_t mapped_files()
{
    std::ifstream maps("/proc/self/maps");
    std::size_t count = 0;
    for (std::string line; std::getline(maps, line);) count += line.find("memfd:vfio_client") != std::string::npos;
    return count;
}

/// Feeds one request and returns the reply; empty where there is none.
inline std::string reply_to(vigil::bus::vfio_user_session& session, const std::string& request,
                            std::vector<descriptor> descriptors = {})
{
    session.feed(request, std::move(descriptors));
    std::string reply;
    while (session.pending()) session.execute_one(reply);
    return reply;
}

/// The errno value of a reply; 0 of a good one, and -1 where it is not well formed.
inline int error_in(const std::string& reply)
{
    const auto head = structure_in<wire::header>(reply);
    if (reply.size() < sizeof head || head.size != reply.size() || (head.flags & wire::type_mask) != wire::type_reply) {
        return -1;
    }
    const bool failed = (head.flags & wire::flag_error) != 0;
    if (failed != (head.error != 0) || (failed && reply.size() != sizeof head)) return -1;
    return static_cast<int>(head.error);
}

} // namespace vfio_client

#endif
