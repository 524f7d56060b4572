// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/message_queue.h>

#include <catch.h>

#include "vfio_client.h"

using namespace vfio_client;
using vigil::bus::vfio_user_message;
using vigil::bus::vfio_user_message_queue;

TEST_CASE("message queue: a message is there when its last byte is")
{
    vfio_user_message_queue queue;
    const std::string bytes = message(wire::command::region_read, "0123456789abcdef");
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        queue.feed(bytes.substr(i, 1), {});
        CHECK(!queue.pending());
    }
    queue.feed(bytes.substr(bytes.size() - 1), {});
    REQUIRE(queue.pending());

    const vfio_user_message taken = queue.take();
    CHECK(taken.head.id == 0x1234);
    CHECK(taken.head.command == 9);
    CHECK(taken.body == "0123456789abcdef");
    CHECK(!taken.malformed);
    CHECK(!queue.pending());
}

TEST_CASE("message queue: several messages may come at once, the last of them in part")
{
    vfio_user_message_queue queue;
    const std::string last = message(3, "the last");
    queue.feed(message(1, "one") + message(2, "") + last.substr(0, 20), {});
    CHECK(queue.take().body == "one");
    CHECK(queue.take().head.command == 2);
    CHECK(!queue.pending());
    queue.feed(last.substr(20), {});
    CHECK(queue.take().body == "the last");
}

TEST_CASE("message queue: descriptors belong to the last message that begins with them")
{
    vfio_user_message_queue queue;
    const std::string second = message(2, "second");
    queue.feed(message(1, "first") + second.substr(0, 3), with(event_file()));
    queue.feed(second.substr(3) + message(3, ""), with(event_file(), event_file()));
    CHECK(queue.take().descriptors.empty());
    CHECK(queue.take().descriptors.size() == 1);
    CHECK(queue.take().descriptors.size() == 2);
}

TEST_CASE("message queue: descriptors that come amid a message are closed")
{
    const std::size_t before = open_descriptors();
    vfio_user_message_queue queue;
    const std::string bytes = message(1, "body");
    queue.feed(bytes.substr(0, 17), {});
    queue.feed(bytes.substr(17), with(event_file()));
    CHECK(open_descriptors() == before);
    CHECK(queue.take().descriptors.empty());
}

TEST_CASE("message queue: a size that cannot be is told at the header, and nothing is read after it")
{
    for (const std::size_t size : {std::size_t{0}, std::size_t{15}, wire::k_longest_message + 1, SIZE_MAX >> 32}) {
        const std::size_t before = open_descriptors();
        vfio_user_message_queue queue;
        queue.feed(bytes_of(wire::header{7, 9, static_cast<std::uint32_t>(size), 0, 0}) + message(2, ""), {});
        queue.feed(message(3, ""), with(event_file()));
        REQUIRE(queue.pending());
        const vfio_user_message taken = queue.take();
        CHECK(taken.malformed);
        CHECK(taken.head.id == 7);
        CHECK(!queue.pending());
        CHECK(open_descriptors() == before);
    }
}

TEST_CASE("message queue: the longest message is taken, and two of them are enough for now")
{
    vfio_user_message_queue queue;
    const std::string longest = message(10, std::string(wire::k_longest_message - sizeof(wire::header), 'x'));
    queue.feed(longest, {});
    CHECK(!queue.full());
    queue.feed(longest + longest, {});
    CHECK(queue.full());
    CHECK(queue.take().body.size() == longest.size() - sizeof(wire::header));
    queue.take();
    CHECK(!queue.full());
}

TEST_CASE("message queue: a crowd of short messages is enough too")
{
    vfio_user_message_queue queue;
    for (int i = 0; i < 1023; ++i) queue.feed(message(13, ""), {});
    CHECK(!queue.full());
    queue.feed(message(13, ""), {});
    CHECK(queue.full());
}

TEST_CASE("message queue: closed, it lets go of everything")
{
    const std::size_t before = open_descriptors();
    vfio_user_message_queue queue;
    queue.feed(message(1, "") + message(2, "body").substr(0, 18), with(event_file()));
    queue.close();
    queue.feed(message(3, ""), with(event_file()));
    CHECK(!queue.pending());
    CHECK(open_descriptors() == before);
}
