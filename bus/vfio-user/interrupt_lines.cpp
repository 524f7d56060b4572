// SPDX-License-Identifier: Apache-2.0
#include <vigil/bus/vfio-user/interrupt_lines.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <iterator>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace vigil::bus {

bool event_signal::suits(const runstate::descriptor& file) noexcept
{
    struct stat status {};
    return ::fstat(file.number(), &status) == 0 && (status.st_mode & S_IFMT) == 0;
}

void event_signal::signal() const noexcept
{
    if (!file_) return;
    pollfd room{file_.number(), POLLOUT, 0};
    if (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return;
    const std::uint64_t one = 1;
    while (::write(file_.number(), &one, sizeof one) < 0 && errno == EINTR) {}
}

interrupt_lines::interrupt_lines(bool intx, std::size_t msi_vectors)
{
    signals_[vfio_user::irq_intx].resize(intx ? 1 : 0);
    signals_[vfio_user::irq_msi].resize(msi_vectors);
}

void interrupt_lines::drive_intx(bool level)
{
    level_ = level;
    signal_if_due();
}

void interrupt_lines::disable_intx(bool disabled)
{
    disabled_ = disabled;
    signal_if_due();
}

void interrupt_lines::release_intx()
{
    held_ = false;
    signal_if_due();
}

void interrupt_lines::signal_if_due()
{
    const std::vector<event_signal>& intx = signals_[vfio_user::irq_intx];
    if (!level_ || disabled_ || masked_ || held_ || intx.empty() || !intx.front()) return;
    masked_ = true;
    intx.front().signal();
}

void interrupt_lines::send_msi(std::size_t vector) const noexcept
{
    const std::vector<event_signal>& msi = signals_[vfio_user::irq_msi];
    if (vector < msi.size()) msi[vector].signal();
}

std::size_t interrupt_lines::count(std::uint32_t index) const noexcept
{
    return index < signals_.size() ? signals_[index].size() : 0;
}

void interrupt_lines::assign(std::uint32_t index, std::size_t first, std::vector<event_signal> signals)
{
    assert(first <= count(index) && signals.size() <= count(index) - first);
    std::move(signals.begin(), signals.end(), std::next(signals_[index].begin(), static_cast<std::ptrdiff_t>(first)));
    if (index != vfio_user::irq_intx) return;
    masked_ = false;
    signal_if_due();
}

void interrupt_lines::disable(std::uint32_t index)
{
    assert(index < signals_.size());
    for (event_signal& one : signals_[index]) one = event_signal();
    if (index == vfio_user::irq_intx) masked_ = false;
}

void interrupt_lines::unmask_intx()
{
    masked_ = false;
    signal_if_due();
}

void interrupt_lines::trigger(std::uint32_t index, std::size_t which) const
{
    assert(which < count(index));
    signals_[index][which].signal();
}

void interrupt_lines::forget_client()
{
    for (std::uint32_t index = 0; index < signals_.size(); ++index) disable(index);
}

} // namespace vigil::bus
