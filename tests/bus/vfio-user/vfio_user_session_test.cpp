// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/vfio_user_session.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <vector>

#include <catch.h>

#include "sample_device.h"
#include "vfio_client.h"

using namespace vfio_client;
using vigil::bus::vfio_user_session;
using outcome = vigil::bus::guest_memory::outcome;

namespace {

constexpr std::uint32_t k_config = wire::region_config;

/// A session with a device, which has agreed on the version.
struct conversation {
    conversation()
    {
        session.opened();
        greeted = reply_to(session, greeting());
    }
    /// The whole reply.
    std::string ask(const std::string& request, std::vector<descriptor> descriptors = {})
    {
        return reply_to(session, request, std::move(descriptors));
    }
    /// The errno value of the reply.
    int error_of(const std::string& request, std::vector<descriptor> descriptors = {})
    {
        return error_in(ask(request, std::move(descriptors)));
    }
    bool alive() { return !session.over() && error_of(device_info_request()) == 0; }

    static std::string device_info_request()
    {
        return message(wire::command::device_get_info, bytes_of(wire::device_info{16, 0, 0, 0}));
    }

    sample_device device;
    vfio_user_session session{device};
    std::string greeted;
};

std::string region_info_request(std::uint32_t index, std::uint32_t argsz = 32)
{
    return message(wire::command::device_get_region_info, bytes_of(wire::region_info{argsz, 0, index, 0, 0, 0}));
}
std::string irq_info_request(std::uint32_t index, std::uint32_t argsz = 16)
{
    return message(wire::command::device_get_irq_info, bytes_of(wire::irq_info{argsz, 0, index, 0}));
}
std::string version_request(std::uint16_t major, const std::string& text)
{
    return message(wire::command::version, bytes_of(wire::version{major, 0}) + text);
}

/// A request that says less or other than it should.
struct bad_request {
    const char* what;
    std::string bytes;
    int error;
};

const std::vector<bad_request>& bad_requests()
{
    using wire::command;
    const auto access = [](std::uint32_t region, std::uint64_t offset, std::uint32_t count) {
        return bytes_of(wire::region_access{offset, region, count});
    };
    const auto map = [](const wire::dma_map& asked) { return message(command::dma_map, bytes_of(asked)); };
    constexpr std::uint64_t last = ~std::uint64_t{0};
    static const std::vector<bad_request> all{
        {"a second version", greeting(), EINVAL},
        {"a reply", message(command::device_reset, "", wire::type_reply), EINVAL},
        {"neither command nor reply", message(command::device_reset, "", 2), EINVAL},
        {"command 0", message(0, ""), ENOTSUP},
        {"descriptors of regions", message(6, std::string(16, '\0')), ENOTSUP},
        {"DMA by the server", message(11, std::string(16, '\0')), ENOTSUP},
        {"dirty pages", message(14, ""), ENOTSUP},
        {"several writes", message(15, ""), ENOTSUP},
        {"a feature", message(16, std::string(8, '\0')), ENOTSUP},
        {"migration data", message(17, ""), ENOTSUP},
        {"command FFFFh", message(0xFFFF, ""), ENOTSUP},

        {"no device info", message(command::device_get_info), EINVAL},
        {"half a device info", message(command::device_get_info, std::string(15, '\x20')), EINVAL},
        {"small argsz of device info", message(command::device_get_info, bytes_of(wire::device_info{15, 0, 0, 0})),
         EINVAL},
        {"small argsz of region info", region_info_request(0, 31), EINVAL},
        {"half a region info", message(command::device_get_region_info, std::string(31, '\x20')), EINVAL},
        {"region 9", region_info_request(9), EINVAL},
        {"region FFFFFFFFh", region_info_request(0xFFFF'FFFF), EINVAL},
        {"small argsz of interrupt info", irq_info_request(0, 15), EINVAL},
        {"error interrupt", irq_info_request(3), EINVAL},
        {"request interrupt", irq_info_request(4), EINVAL},
        {"interrupt 5", irq_info_request(5), EINVAL},

        {"half an access", message(command::region_read, std::string(15, '\0')), EINVAL},
        {"read of nothing", read_request(k_config, 0, 0), EINVAL},
        {"read beyond configuration space", read_request(k_config, 256, 1), EINVAL},
        {"read across its end", read_request(k_config, 254, 4), EINVAL},
        {"read across 2^64", read_request(k_config, last, 4), EINVAL},
        {"read of FFFFFFFFh bytes", read_request(k_config, 4, 0xFFFF'FFFF), EINVAL},
        {"read of a BAR that is not there", read_request(1, 0, 1), EINVAL},
        {"read of the expansion ROM", read_request(6, 0, 1), EINVAL},
        {"read of VGA", read_request(8, 0, 1), EINVAL},
        {"read of region 9", read_request(9, 0, 1), EINVAL},
        {"read that the device refuses", read_request(0, 15, 1), EINVAL},
        {"write that the device refuses", write_request(0, 15, "x"), EINVAL},
        {"write of nothing", write_request(0, 0, ""), EINVAL},
        {"write across the end", write_request(0, 14, "xyz"), EINVAL},
        {"write that lacks data", message(command::region_write, access(0, 0, 4) + "abc"), EINVAL},
        {"write that lacks all data", message(command::region_write, access(0, 0, 1)), EINVAL},

        {"half a map", message(command::dma_map, std::string(31, '\x20')), EINVAL},
        {"small argsz of a map", map({31, 3, 0, 0, k_page}), EINVAL},
        {"unknown flags of a map", map({32, 7, 0, 0, k_page}), EINVAL},
        {"map of nothing", map({32, 3, 0, 0, 0}), EINVAL},
        {"map across 2^64", map({32, 3, 0, last - 1, 3}), EINVAL},
        {"half an unmap", message(command::dma_unmap, std::string(23, '\x20')), EINVAL},
        {"small argsz of an unmap", message(command::dma_unmap, bytes_of(wire::dma_unmap{23, 0, 0, k_page})), EINVAL},
        {"flags of an unmap", message(command::dma_unmap, bytes_of(wire::dma_unmap{24, 1, 0, k_page})), EINVAL},
        {"unmap of what is not mapped", unmap_request(0, k_page), EINVAL},

        {"half a setting of interrupts", message(command::device_set_irqs, std::string(19, '\x20')), EINVAL},
        {"small argsz of it", message(command::device_set_irqs, bytes_of(wire::set_irqs{19, 0x11, 0, 0, 1})), EINVAL},
        {"no form", irq_request(0x20, 0, 0, 1), EINVAL},
        {"two forms", irq_request(0x23, 0, 0, 1), EINVAL},
        {"no action", irq_request(0x01, 0, 0, 1), EINVAL},
        {"two actions", irq_request(0x31, 0, 0, 1), EINVAL},
        {"unknown flags", irq_request(0x61, 0, 0, 1), EINVAL},
        {"unmask of no interrupt", irq_request(0x11, 0, 0, 0), EINVAL},
        {"unmask of two", irq_request(0x11, 0, 0, 2), EINVAL},
        {"unmask of the second", irq_request(0x11, 0, 1, 1), EINVAL},
        {"unmask beyond 2^32", irq_request(0x11, 0, 0xFFFF'FFFF, 2), EINVAL},
        {"unmask of a message", irq_request(0x11, 1, 0, 1), EINVAL},
        {"mask of a message", irq_request(0x09, 1, 0, 1), EINVAL},
        {"trigger of MSI-X", irq_request(0x21, 2, 0, 1), EINVAL},
        {"eventfd of MSI-X", irq_request(0x24, 2, 0, 1), EINVAL},
        {"end of the error interrupt", irq_request(0x21, 3, 0, 0), EINVAL},
        {"trigger of interrupt FFFFFFFFh", irq_request(0x21, 0xFFFF'FFFF, 0, 1), EINVAL},
        {"bytes that are not there", irq_request(0x22, 1, 0, 2, "x"), EINVAL},
        {"eventfd to unmask", irq_request(0x14, 0, 0, 1), ENOTSUP},
        {"eventfd to mask", irq_request(0x0C, 0, 0, 1), ENOTSUP},
    };
    return all;
}

} // namespace

TEST_CASE("vfio-user session: the version is agreed on, and a reply never longer than the request")
{
    const auto text_of = [](const std::string& text) {
        sample_device device;
        vfio_user_session session(device);
        const std::string reply = reply_to(session, version_request(0, text));
        CHECK(error_in(reply) == 0);
        CHECK(structure_in<wire::version>(reply, 16).major_number == 0);
        CHECK(structure_in<wire::version>(reply, 16).minor_number == 0);
        return reply.substr(20);
    };
    const std::string all = R"({"capabilities": {"max_msg_fds": 8, "max_data_xfer_size": 1048576}})";
    CHECK(text_of("{}" + std::string(100, ' ') + '\0') == all + '\0');
    CHECK(text_of("{}" + std::string(all.size() - 2, ' ') + '\0') == all + '\0');
    CHECK(text_of("{}" + std::string(all.size() - 3, ' ') + '\0') == std::string("{}") + '\0');
    CHECK(text_of(std::string("{}") + '\0') == std::string("{}") + '\0');
    CHECK(text_of("").empty());
}

TEST_CASE("vfio-user session: a later minor version is answered with ours")
{
    sample_device device;
    vfio_user_session session(device);
    const std::string reply =
        reply_to(session, message(wire::command::version, bytes_of(wire::version{0, 7}) + "{}" + '\0'));
    CHECK(error_in(reply) == 0);
    CHECK(structure_in<wire::version>(reply, 16).minor_number == 0);
}

TEST_CASE("vfio-user session: a client that begins otherwise is let go of")
{
    const std::string greetings[]{
        version_request(1, std::string("{}") + '\0'),
        version_request(0, "{}"),
        version_request(0, std::string("{") + '\0'),
        version_request(0, std::string("\0", 1)),
        version_request(0, std::string("[]") + '\0'),
        version_request(0, std::string("{}\0\0", 4)),
        message(wire::command::version, ""),
        message(wire::command::version, std::string(3, '\0')),
        message(wire::command::version, bytes_of(wire::version{0, 0}), wire::type_reply),
        message(wire::command::device_reset),
        map_request(0, k_page),
    };
    for (const std::string& first : greetings) {
        const std::size_t before = open_descriptors();
        sample_device device;
        vfio_user_session session(device);
        session.feed(first + greeting(), with(memory_file(k_page)));
        std::string output;
        while (session.pending()) session.execute_one(output);
        CHECK(error_in(output) == EINVAL); // and nothing after it
        CHECK(session.over());
        CHECK(reply_to(session, greeting(), with(event_file())).empty());
        CHECK(device.log.empty());
        CHECK(device.ram.ranges() == 0);
        CHECK(open_descriptors() == before);
    }
}

TEST_CASE("vfio-user session: a size that cannot be ends the conversation, after what came before it")
{
    for (const std::uint32_t size : {0U, 15U, 0x100031U, 0xFFFF'FFFFU}) {
        conversation with_device;
        const std::string broken = bytes_of(wire::header{9, 13, size, 0, 0});
        const std::string output = with_device.ask(message(wire::command::device_reset) + broken + broken);
        REQUIRE(output.size() == 32);
        CHECK(error_in(output.substr(0, 16)) == 0);
        CHECK(error_in(output.substr(16)) == EINVAL);
        CHECK(structure_in<wire::header>(output, 16).id == 9);
        CHECK(with_device.session.over());
        CHECK(with_device.device.log == "power-on reset ");
    }
}

TEST_CASE("vfio-user session: a bad request gets its error, and the conversation goes on")
{
    conversation with_device;
    for (const bad_request& bad : bad_requests()) {
        INFO(bad.what);
        const std::string reply = with_device.ask(bad.bytes);
        CHECK(error_in(reply) == bad.error);
        CHECK(structure_in<wire::header>(reply).id == 0x1234);
        CHECK(structure_in<wire::header>(reply).command == structure_in<wire::header>(bad.bytes).command);
        CHECK(with_device.alive());
    }
    CHECK(with_device.device.log == "power-on ");
    CHECK(with_device.device.ram.ranges() == 0);
}

TEST_CASE("vfio-user session: descriptors of a bad request are closed, as are those that nobody asked for")
{
    const std::size_t before = open_descriptors();
    {
        conversation with_device;
        for (const bad_request& bad : bad_requests()) {
            INFO(bad.what);
            CHECK(with_device.error_of(bad.bytes, with(memory_file(k_page), event_file())) == bad.error);
        }
        CHECK(with_device.error_of(conversation::device_info_request(), with(event_file())) == 0);
        CHECK(with_device.error_of(read_request(0, 0, 4), with(memory_file(8))) == 0);
        CHECK(open_descriptors() == before);
        CHECK(mapped_files() == 0);
    }
}

TEST_CASE("vfio-user session: a request that wants no reply gets none, not even an error")
{
    conversation with_device;
    CHECK(with_device.ask(write_request(0, 4, "abcd", wire::flag_no_reply)).empty());
    CHECK(with_device.device.bar0[5] == 'b');
    for (const bad_request& bad : bad_requests()) {
        INFO(bad.what);
        auto head = structure_in<wire::header>(bad.bytes);
        head.flags |= wire::flag_no_reply;
        CHECK(with_device.ask(bytes_of(head) + bad.bytes.substr(sizeof head)).empty());
    }
    CHECK(with_device.alive());
}

TEST_CASE("vfio-user session: requests that come together are answered in their order")
{
    conversation with_device;
    std::string requests = write_request(0, 0, "\x11", wire::flag_no_reply);
    for (std::uint16_t id = 0; id < 5; ++id) requests += message(wire::command::device_reset, "", 0, id);
    requests += read_request(0, 0, 1);
    const std::string replies = with_device.ask(requests);
    REQUIRE(replies.size() == 5 * 16 + 33);
    for (std::uint16_t id = 0; id < 5; ++id) CHECK(structure_in<wire::header>(replies, id * 16U).id == id);
    CHECK(replies.back() == '\x11');
}

TEST_CASE("vfio-user session: what a device is")
{
    conversation with_device;
    const std::string reply = with_device.ask(conversation::device_info_request());
    REQUIRE(reply.size() == 32);
    const auto info = structure_in<wire::device_info>(reply, 16);
    CHECK(info.argsz == 16);
    CHECK(info.flags == 3);
    CHECK(info.regions == 9);
    CHECK(info.interrupts == 5);
}

TEST_CASE("vfio-user session: which regions it has, with an argsz of any size above the least")
{
    conversation with_device;
    for (std::uint32_t index = 0; index < 9; ++index) {
        const std::string reply = with_device.ask(region_info_request(index, 32 + index));
        REQUIRE(reply.size() == 48);
        const auto info = structure_in<wire::region_info>(reply, 16);
        const bool there = index == 0 || index == 7;
        CHECK(info.argsz == 32);
        CHECK(info.index == index);
        CHECK(info.flags == (there ? 3U : 0U));
        CHECK(info.size == (index == 0 ? 16U : index == 7 ? 256U : 0U));
        CHECK(info.capabilities == 0);
        CHECK(info.offset == 0);
    }
}

TEST_CASE("vfio-user session: which interrupts it has")
{
    conversation with_device;
    const auto info_of = [&](std::uint32_t index) {
        const std::string reply = with_device.ask(irq_info_request(index));
        CHECK(reply.size() == 32);
        return structure_in<wire::irq_info>(reply, 16);
    };
    CHECK(info_of(0).flags == 7);
    CHECK(info_of(0).count == 1);
    CHECK(info_of(1).flags == 9);
    CHECK(info_of(1).count == 2);
    CHECK(info_of(2).flags == 0);
    CHECK(info_of(2).count == 0);
}

TEST_CASE("vfio-user session: reads and writes reach the regions, and replies repeat what was asked")
{
    conversation with_device;
    const std::string written = with_device.ask(write_request(k_config, 0x40, "0123456789"));
    CHECK(error_in(written) == 0);
    REQUIRE(written.size() == 32);
    CHECK(structure_in<wire::region_access>(written, 16).offset == 0x40);
    CHECK(structure_in<wire::region_access>(written, 16).count == 10);

    const std::string read = with_device.ask(read_request(k_config, 0x42, 4));
    CHECK(error_in(read) == 0);
    CHECK(structure_in<wire::region_access>(read, 16).region == 7);
    CHECK(read.substr(32) == "2345");
    CHECK(with_device.ask(read_request(k_config, 0, 256)).size() == 32 + 256);

    // Bytes behind what a request says are nobody's.
    const std::string longer = message(wire::command::region_write, bytes_of(wire::region_access{0, 0, 2}) + "abcdef");
    CHECK(error_in(with_device.ask(longer)) == 0);
    CHECK(with_device.device.bar0[1] == 'b');
    CHECK(with_device.device.bar0[2] == 0);
}

TEST_CASE("vfio-user session: the device is reset when asked, and found as after power-on")
{
    conversation with_device;
    CHECK(with_device.device.log == "power-on ");
    const std::string reply = with_device.ask(message(wire::command::device_reset, "", 0, 0xBEEF));
    CHECK(reply == bytes_of(wire::header{0xBEEF, 13, 16, 1, 0}));
    CHECK(with_device.device.log == "power-on reset ");
}

TEST_CASE("vfio-user session: the device reaches the memory that a client shares, until it is taken back")
{
    conversation with_device;
    auto& memory = with_device.device.ram;
    const descriptor file = memory_file(2 * k_page);
    REQUIRE(::pwrite(file.number(), "\x42", 1, k_page) == 1);
    CHECK(with_device.ask(map_request(0x10000, k_page, 3, k_page), with(copy_of(file))).size() == 16);
    std::uint8_t byte = 0;
    CHECK(memory.read(0x10000, &byte, 1) == outcome::done);
    CHECK(byte == 0x42);

    CHECK(with_device.error_of(map_request(0x10000, k_page), with(copy_of(file))) == EEXIST);
    CHECK(with_device.error_of(map_request(0x20000, k_page)) == 0); // not shared
    CHECK(memory.read(0x20000, &byte, 1) == outcome::absent);
    CHECK(with_device.error_of(map_request(0x30000, k_page, 1), with(copy_of(file))) == 0);
    CHECK(memory.write(0x30000, &byte, 1) == outcome::forbidden);

    const std::string reply = with_device.ask(unmap_request(0x10000, k_page));
    REQUIRE(reply.size() == 40);
    CHECK(error_in(reply) == 0);
    const auto unmapped = structure_in<wire::dma_unmap>(reply, 16);
    CHECK(unmapped.argsz == 24);
    CHECK(unmapped.address == 0x10000);
    CHECK(unmapped.length == k_page);
    CHECK(memory.read(0x10000, &byte, 1) == outcome::absent);
    CHECK(with_device.error_of(unmap_request(0x20000, 2 * k_page)) == EINVAL);
}

TEST_CASE("vfio-user session: memory that comes with the wrong descriptors is not shared")
{
    conversation with_device;
    const auto map_with = [&](std::vector<descriptor> descriptors) {
        return with_device.error_of(map_request(0, k_page), std::move(descriptors));
    };
    CHECK(map_with(with(memory_file(k_page), memory_file(k_page))) == EINVAL);
    CHECK(map_with(with(event_file())) == EINVAL);
    CHECK(map_with(with(memory_file(k_page - 1))) == EINVAL);
    CHECK(map_with(with(memory_file(k_page, F_SEAL_WRITE))) == EPERM);
    CHECK(with_device.device.ram.ranges() == 0);
    CHECK(map_with(with(memory_file(k_page))) == 0);
}

TEST_CASE("vfio-user session: INTx reaches the client's eventfd and is unmasked by it")
{
    conversation with_device;
    auto& lines = with_device.device.lines;
    const descriptor event = event_file();
    CHECK(with_device.ask(irq_request(0x24, 0, 0, 1), with(copy_of(event))).size() == 16);
    lines.drive_intx(true);
    CHECK(taken_from(event) == 1);
    CHECK(with_device.error_of(irq_request(0x11, 0, 0, 1)) == 0);
    CHECK(taken_from(event) == 1);

    CHECK(with_device.error_of(irq_request(0x12, 0, 0, 1, std::string(1, '\0'))) == 0);
    CHECK(taken_from(event) == 0);
    CHECK(with_device.error_of(irq_request(0x12, 0, 0, 1, "\1")) == 0);
    CHECK(taken_from(event) == 1);
    lines.drive_intx(false);
    CHECK(with_device.error_of(irq_request(0x11, 0, 0, 1)) == 0);
    CHECK(with_device.error_of(irq_request(0x09, 0, 0, 1)) == 0);
    lines.drive_intx(true);
    CHECK(taken_from(event) == 0);

    CHECK(with_device.error_of(irq_request(0x24, 0, 0, 1)) == 0); // without an eventfd: no more
    CHECK(with_device.error_of(irq_request(0x11, 0, 0, 1)) == 0);
    CHECK(taken_from(event) == 0);
    CHECK(with_device.error_of(irq_request(0x24, 0, 0, 1), with(copy_of(event))) == 0);
    CHECK(taken_from(event) == 1);
    CHECK(with_device.error_of(irq_request(0x21, 0, 0, 0)) == 0);
    CHECK(with_device.error_of(irq_request(0x11, 0, 0, 1)) == 0);
    CHECK(taken_from(event) == 0);
}

TEST_CASE("vfio-user session: each message has its eventfd")
{
    conversation with_device;
    auto& lines = with_device.device.lines;
    const descriptor first = event_file();
    const descriptor second = event_file();
    CHECK(with_device.error_of(irq_request(0x24, 1, 0, 2), with(copy_of(first), copy_of(second))) == 0);
    lines.send_msi(1);
    CHECK(taken_from(first) == 0);
    CHECK(taken_from(second) == 1);
    CHECK(with_device.error_of(irq_request(0x22, 1, 0, 2, std::string("\1\0", 2))) == 0);
    CHECK(with_device.error_of(irq_request(0x21, 1, 0, 1)) == 0);
    CHECK(taken_from(first) == 2);
    CHECK(taken_from(second) == 0);
    CHECK(with_device.error_of(irq_request(0x24, 1, 1, 1)) == 0);
    lines.send_msi(1);
    CHECK(taken_from(second) == 0);
    CHECK(with_device.error_of(irq_request(0x21, 1, 0, 0)) == 0);
    lines.send_msi(0);
    CHECK(taken_from(first) == 0);
}

TEST_CASE("vfio-user session: eventfds that are none, or of another number, are refused and closed")
{
    conversation with_device;
    const std::size_t before = open_descriptors();
    CHECK(with_device.error_of(irq_request(0x24, 0, 0, 1), with(memory_file(8))) == EINVAL);
    CHECK(with_device.error_of(irq_request(0x24, 0, 0, 1), with(event_file(), event_file())) == EINVAL);
    CHECK(with_device.error_of(irq_request(0x24, 1, 0, 2), with(event_file())) == EINVAL);
    CHECK(with_device.error_of(irq_request(0x24, 1, 0, 2), with(event_file(), memory_file(8))) == EINVAL);
    CHECK(with_device.error_of(irq_request(0x24, 1, 1, 2), with(event_file(), event_file())) == EINVAL);
    CHECK(with_device.error_of(irq_request(0x24, 2, 0, 1), with(event_file())) == EINVAL);
    CHECK(with_device.error_of(irq_request(0x14, 0, 0, 1), with(event_file())) == ENOTSUP);
    CHECK(open_descriptors() == before);
    // An index without interrupts can be switched off.
    CHECK(with_device.error_of(irq_request(0x21, 2, 0, 0)) == 0);
}

TEST_CASE("vfio-user session: at its end no descriptor and no mapping is left")
{
    const std::size_t before = open_descriptors();
    sample_device device;
    {
        vfio_user_session session(device);
        session.opened();
        reply_to(session, greeting());
        for (std::uint64_t i = 0; i < 20; ++i) {
            CHECK(error_in(reply_to(session, map_request(i * k_page, k_page), with(memory_file(k_page)))) == 0);
            CHECK(error_in(reply_to(session, irq_request(0x24, 0, 0, 1), with(event_file()))) == 0);
            CHECK(error_in(reply_to(session, irq_request(0x24, 1, 0, 2), with(event_file(), event_file()))) == 0);
        }
        CHECK(mapped_files() == 20);
        CHECK(open_descriptors() == before + 3);
        session.feed(map_request(0x100000, k_page), with(memory_file(k_page))); // never carried out
        session.feed(map_request(0x200000, k_page).substr(0, 20), with(memory_file(k_page)));
    }
    CHECK(open_descriptors() == before);
    CHECK(mapped_files() == 0);
    CHECK(device.ram.ranges() == 0);
}
