// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/interrupt_lines.h>

#include <utility>
#include <vector>

#include <catch.h>

#include "vfio_client.h"

using namespace vfio_client;
using vigil::bus::event_signal;
using vigil::bus::interrupt_lines;

namespace {

std::vector<event_signal> signals_to(const descriptor& event)
{
    std::vector<event_signal> signals;
    signals.emplace_back(copy_of(event));
    return signals;
}

/// Lines whose INTx a client listens to.
struct listened_lines : interrupt_lines {
    listened_lines() : interrupt_lines(true, 0) { assign(wire::irq_intx, 0, signals_to(event)); }
    std::uint64_t signalled() const { return taken_from(event); }
    descriptor event = event_file();
};

} // namespace

TEST_CASE("interrupt lines: INTx is signalled once when the level rises, and again at an unmask while it is high")
{
    listened_lines lines;
    CHECK(lines.signalled() == 0);
    lines.drive_intx(true);
    lines.drive_intx(true);
    CHECK(lines.signalled() == 1);
    lines.drive_intx(false);
    lines.drive_intx(true);
    CHECK(lines.signalled() == 0);
    lines.unmask_intx();
    CHECK(lines.signalled() == 1);
    lines.drive_intx(false);
    lines.unmask_intx();
    CHECK(lines.signalled() == 0);
    lines.drive_intx(true);
    CHECK(lines.signalled() == 1);
}

TEST_CASE("interrupt lines: a client can mask INTx itself")
{
    listened_lines lines;
    lines.mask_intx();
    lines.drive_intx(true);
    CHECK(lines.signalled() == 0);
    lines.unmask_intx();
    CHECK(lines.signalled() == 1);
}

TEST_CASE("interrupt lines: INTx disabled in the command register is not signalled until it is enabled")
{
    listened_lines lines;
    lines.disable_intx(true);
    lines.drive_intx(true);
    CHECK(lines.intx_level());
    lines.unmask_intx();
    CHECK(lines.signalled() == 0);
    lines.disable_intx(false);
    CHECK(lines.signalled() == 1);
}

TEST_CASE("interrupt lines: the mask belongs to the eventfd")
{
    listened_lines lines;
    lines.drive_intx(true);
    CHECK(lines.signalled() == 1);
    lines.disable(wire::irq_intx);
    lines.unmask_intx();
    CHECK(lines.signalled() == 0);

    const descriptor next = event_file();
    lines.assign(wire::irq_intx, 0, signals_to(next));
    CHECK(taken_from(next) == 1);
    CHECK(lines.signalled() == 0);

    const descriptor last = event_file();
    lines.assign(wire::irq_intx, 0, signals_to(last));
    CHECK(taken_from(last) == 1);
    CHECK(taken_from(next) == 0);
}

TEST_CASE("interrupt lines: while INTx is held its level may come and go unseen")
{
    listened_lines lines;
    lines.hold_intx();
    lines.drive_intx(true);
    lines.drive_intx(false);
    lines.release_intx();
    CHECK(lines.signalled() == 0);
    lines.hold_intx();
    lines.drive_intx(true);
    CHECK(lines.signalled() == 0);
    lines.release_intx();
    CHECK(lines.signalled() == 1);
}

TEST_CASE("interrupt lines: a message goes to its own eventfd, or is lost")
{
    interrupt_lines lines(false, 2);
    CHECK(lines.count(wire::irq_intx) == 0);
    CHECK(lines.count(wire::irq_msi) == 2);
    CHECK(lines.count(wire::irq_msix) == 0);
    CHECK(lines.count(99) == 0);
    const descriptor event = event_file();
    lines.assign(wire::irq_msi, 1, signals_to(event));
    lines.send_msi(0);
    lines.send_msi(2);
    CHECK(taken_from(event) == 0);
    lines.send_msi(1);
    lines.send_msi(1);
    CHECK(taken_from(event) == 2);
    lines.forget_client();
    lines.send_msi(1);
    CHECK(taken_from(event) == 0);
}

TEST_CASE("interrupt lines: a pin that the function lacks is not signalled")
{
    interrupt_lines lines(false, 0);
    lines.drive_intx(true);
    lines.unmask_intx();
    CHECK(lines.count(wire::irq_intx) == 0);
}

TEST_CASE("event signal: an eventfd that is full does not make anybody wait")
{
    const descriptor event(::eventfd(0, EFD_CLOEXEC)); // one that would wait
    const std::uint64_t most = ~std::uint64_t{0} - 1;
    REQUIRE(::write(event.number(), &most, sizeof most) == sizeof most);
    event_signal(copy_of(event)).signal();
    CHECK(taken_from(event) == most);
}

TEST_CASE("event signal: what is not an eventfd is not taken for one")
{
    CHECK(event_signal::suits(event_file()));
    CHECK(!event_signal::suits(memory_file(8)));
    CHECK(!event_signal::suits(descriptor(::open("/dev/null", O_RDWR | O_CLOEXEC))));
    CHECK(!event_signal::suits(k_none));
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const descriptor out(pipe_ends[0]);
    CHECK(!event_signal::suits(descriptor(pipe_ends[1])));
}
