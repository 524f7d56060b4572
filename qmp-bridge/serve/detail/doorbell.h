// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_DOORBELL_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_DOORBELL_H

#include <atomic>

#include <systemc>

namespace vigil::qmp_bridge {

/// Rung by other threads, heard in the kernel.
class doorbell : public sc_core::sc_prim_channel {
public:
    explicit doorbell(const char* name) : sc_prim_channel(name) {}

    /// From any thread, the kernel's too; however often, it is heard once.
    void ring()
    {
        if (!rung_.exchange(true)) async_request_update();
    }
    /// Happens within the next delta cycle.
    const sc_core::sc_event& heard() const noexcept { return heard_; }

    /// For as long as it lives, the kernel waits for the bell where nothing is left to simulate, and so never ends an
    /// `sc_start`, whatever its duration.
    class attendance {
    public:
        explicit attendance(doorbell& bell) : bell_(bell) { bell_.async_attach_suspending(); }
        ~attendance() { bell_.async_detach_suspending(); }
        attendance(const attendance&) = delete;
        attendance& operator=(const attendance&) = delete;

    private:
        doorbell& bell_;
    };

private:
    void update() override
    {
        rung_.store(false);
        heard_.notify(sc_core::SC_ZERO_TIME);
    }

    std::atomic<bool> rung_{false};
    sc_core::sc_event heard_;
};

} // namespace vigil::qmp_bridge

#endif
