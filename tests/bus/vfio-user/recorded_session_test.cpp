// SPDX-License-Identifier: Apache-2.0
// What a real client sent to another server, sent to this one: the replies are the same, but where this server answers
// better.
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iomanip>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <catch.h>
#include <systemc>

#include <vigil/bus/pci_function.h>
#include <vigil/bus/vfio-user/vfio_user_function.h>
#include <vigil/bus/vfio-user/vfio_user_session.h>

#include "../recorder.h"
#include "vfio_client.h"

using namespace vfio_client;
using vigil::bus::vfio_user_function;
using vigil::bus::vfio_user_session;

namespace {

/// The function behind the recorded server: registers in BAR 0 that all read 0.
struct probe final : vigil::bus::pci_function, vigil::runstate::resettable, private vigil::bus::register_device {
    explicit probe(const sc_core::sc_module_name& name)
        : pci_function(name, {0x8086, 0x25AB, 0x088000, 0, 0x8086, 0x25AB})
    {
        set_config(vigil::bus::pci_reg::status, 2, 0x0280);
        set_config(0x3D, 1, 1);
        add_bar(0, vigil::bus::bar_kind::memory, 16, registers);
    }
    void reset(vigil::runstate::reset_kind kind) override
    {
        reset_header();
        if (kind == vigil::runstate::reset_kind::cold) clear_storage();
    }
    void write(std::uint64_t, unsigned, std::uint64_t, const vigil::bus::access_context&) override { ++writes; }
    std::uint64_t peek(std::uint64_t, unsigned) const override { return 0; }

    vigil::bus::register_socket registers{"registers", *this, 16};
    int writes = 0;
};

struct recorded_message {
    bool from_client;
    std::string bytes;
    std::vector<std::string> descriptors;
};

std::string bytes_of_digits(const std::string& digits)
{
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
        bytes += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
    return bytes;
}

std::string in_digits(const std::string& bytes)
{
    std::ostringstream digits;
    for (const char byte : bytes)
        digits << std::hex << std::setw(2) << std::setfill('0') << int{static_cast<unsigned char>(byte)};
    return digits.str();
}

std::vector<recorded_message> recorded_session()
{
    std::ifstream in(VIGIL_SOURCE_DIR "/tests/bus/vfio-user/recorded_session.txt");
    std::vector<recorded_message> messages;
    for (std::string line; std::getline(in, line);) {
        if (line.front() == '#') continue;
        std::istringstream words(line);
        std::string word;
        words >> word;
        recorded_message one{word == ">", {}, {}};
        words >> word;
        one.bytes = bytes_of_digits(word);
        while (words >> word) one.descriptors.push_back(word);
        messages.push_back(std::move(one));
    }
    return messages;
}

std::vector<descriptor> like(const std::vector<std::string>& kinds, const descriptor& ram)
{
    std::vector<descriptor> descriptors;
    for (const std::string& kind : kinds) descriptors.push_back(kind == "memfd" ? copy_of(ram) : event_file());
    return descriptors;
}

/// The reply to the question after an interrupt that is not there: an error is better than the count of 0 that the
/// recorded server gave, for which the client prints a warning.
std::string better(const std::string& recorded)
{
    auto head = structure_in<wire::header>(recorded);
    const bool error_interrupt = head.command == static_cast<std::uint16_t>(wire::command::device_get_irq_info) &&
                                 structure_in<wire::irq_info>(recorded, 16).index == wire::irq_error;
    if (!error_interrupt) return recorded;
    head.size = sizeof head;
    head.flags |= wire::flag_error;
    head.error = EINVAL;
    return bytes_of(head);
}

} // namespace

TEST_CASE("vfio-user: the recorded session of a real client gets the recorded replies")
{
    const std::size_t before = open_descriptors();
    probe function("function");
    vfio_user_function device("device", function, function);
    elaborate();
    const descriptor ram = memory_file(std::size_t{192} << 20);
    const auto messages = recorded_session();
    REQUIRE(messages.size() == 495);
    {
        vfio_user_session session(device);
        session.opened();
        std::string reply;
        for (const recorded_message& one : messages) {
            if (one.from_client) {
                CHECK(reply.empty()); // the one before is answered
                reply = reply_to(session, one.bytes, like(one.descriptors, ram));
            } else {
                CHECK(in_digits(reply) == in_digits(better(one.bytes)));
                reply.clear();
            }
        }
        CHECK(function.writes == 29);
        CHECK(device.memory().ranges() == 6);
        CHECK(mapped_files() == 5);
    }
    CHECK(mapped_files() == 0);
    CHECK(open_descriptors() == before + 1);
}

TEST_CASE("vfio-user: the recorded session is the same in one piece as byte by byte")
{
    probe function("function");
    vfio_user_function device("device", function, function);
    elaborate();
    const auto replay = [&](std::size_t portion) {
        std::string requests;
        for (const recorded_message& one : recorded_session())
            if (one.from_client) requests += one.bytes; // without descriptors
        vfio_user_session session(device);
        session.opened();
        std::string replies;
        for (std::size_t at = 0; at < requests.size(); at += portion)
            replies += reply_to(session, requests.substr(at, portion));
        return replies;
    };
    const std::string replies = replay(1'000'000);
    CHECK(replies.size() > 7000);
    CHECK((replay(1) == replies));
    CHECK((replay(37) == replies));
}
