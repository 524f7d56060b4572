// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_QMP_BRIDGE_SERVE_DETAIL_SIGNAL_FREE_THREAD_H
#define VIGIL_QMP_BRIDGE_SERVE_DETAIL_SIGNAL_FREE_THREAD_H

#include <csignal>
#include <thread>
#include <utility>

namespace vigil::qmp_bridge {

/// A thread that runs `work` and takes no signal, not even before its first instruction: signals are the program's own
/// threads' affair. Throws what std::thread throws.
template <class Work> std::thread signal_free_thread(Work work)
{
    struct blocked_signals {
        blocked_signals()
        {
            sigset_t all;
            ::sigfillset(&all);
            ::pthread_sigmask(SIG_SETMASK, &all, &before);
        }
        ~blocked_signals() { ::pthread_sigmask(SIG_SETMASK, &before, nullptr); }
        sigset_t before;
    };
    const blocked_signals meanwhile;
    return std::thread(std::move(work));
}

} // namespace vigil::qmp_bridge

#endif
