// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_CLOCK_LOCAL_TIME_H
#define VIGIL_RUNSTATE_CLOCK_LOCAL_TIME_H

#include <utility>

#include <systemc>

namespace vigil::runstate {

/// The time of what is being carried out, where an initiator is temporally decoupled: so much later than
/// `sc_time_stamp()` as the delay annotated to its access says. As there is one kernel, there is one local time; while
/// nothing is carried out ahead of the kernel, and in every other process, it is zero ahead.
///
/// It is set by the sockets of `bus` around each access, and by `vm_clock` around a timer that an access runs early.
/// While it is set nobody may `wait()`.
class local_time {
public:
    /// Kernel ticks from `sc_time_stamp()` to the local time.
    static sc_dt::uint64 ticks_ahead() noexcept { return ahead_of_kernel; }

    /// Sets it for the lifetime of this object.
    explicit local_time(const sc_core::sc_time& ahead) noexcept : before_(std::exchange(ahead_of_kernel, ahead.value()))
    {
    }
    ~local_time() { ahead_of_kernel = before_; }
    local_time(const local_time&) = delete;
    local_time& operator=(const local_time&) = delete;

private:
    inline static sc_dt::uint64 ahead_of_kernel = 0;

    sc_dt::uint64 before_;
};

} // namespace vigil::runstate

#endif
