// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/regression/zygote.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <systemc>

#include <vigil/qmp-bridge/serve/local_clients.h>
#include <vigil/sim/options/options.h>
#include <vigil/sim/regression/claims.h>
#include <vigil/sim/regression/scenario_keeper.h>
#include <vigil/sim/simulation.h>

namespace vigil::sim {

namespace {

class zygote {
public:
    zygote(const zygote_task& task, const run_settings& settings, const std::vector<int>& to)
        : task_(task), settings_(settings), to_(to), taken_(task.scenarios.size() * settings.repeat)
    {
    }

    int live()
    {
        const auto parsed = parse_options(machine_arguments(task_.machine));
        if (!parsed) return 1; // which the plan has looked at
        options_ = *parsed;
        auto files = runstate::file_access::confined_to(task_.folder);
        if (!files) {
            std::fprintf(stderr, "%s\n", files.why().text.c_str());
            return 1;
        }
        sc_core::sc_set_time_resolution(1, sc_core::SC_NS);
        run_.emplace(options_, *std::move(files), [this](qmp_bridge::local_clients& clients) { keep(clients); });
        return run_->run();
    }

private:
    // The machine is there: as many keepers as there are jobs, this process being the first.
    void keep(qmp_bridge::local_clients& clients)
    {
        int to = to_.front();
        for (std::size_t i = 1; i < to_.size(); ++i) {
            const pid_t child = ::fork();
            if (child != 0) continue; // where there is none, the others do its work
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            to = to_[i];
            break;
        }
        scenario_keeper(*run_, clients, task_, settings_, taken_, to).keep();
        while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {}
        std::fflush(nullptr);
        ::_exit(0);
    }

    const zygote_task& task_;
    const run_settings& settings_;
    const std::vector<int>& to_;
    claims taken_;
    sim_options options_;
    std::optional<simulation> run_;
};

zygote* the_zygote = nullptr; // for the kernel's entry

} // namespace

int zygote_main() { return the_zygote != nullptr ? the_zygote->live() : 99; }

void live_as_zygote(const zygote_task& task, const run_settings& settings, const std::vector<int>& to)
{
    zygote one(task, settings, to);
    the_zygote = &one;
    ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
    char name[] = "vigil-run";
    char* arguments[] = {name, nullptr};
    const int status = sc_core::sc_elab_and_sim(1, arguments);
    ::_exit(status != 0 ? status : 1);
}

} // namespace vigil::sim
