// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_REGRESSION_SCENARIO_PROCESS_H
#define VIGIL_SIM_REGRESSION_SCENARIO_PROCESS_H

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <vigil/sim/report/scenario_outcome.h>

namespace vigil::sim {

/// What a process that runs a stranger's script may take.
struct process_limits {
    std::chrono::milliseconds time; ///< wall clock
    std::uint64_t memory_bytes;     ///< of address space, beside what it has
};

/// The exit status of a process whose memory ran out.
inline constexpr int k_out_of_memory_status = 113;

/// Takes note of the address space that the calling process and those that it forks begin with.
void note_address_space();

/// Sets the limits of the calling process: a SIGALRM ends it when its time is over.
void enter_limits(const process_limits& limits);
/// Has its time begin again.
void start_time(std::chrono::milliseconds time);

/// Has the calling process write its standard output and error to `fd`.
void send_output_to(int fd);

/// Waits for a child to end, whatever signals come; returns how it did, as waitpid has it.
int await_end(pid_t child);
/// What that means for a scenario.
void tell_end(int status, scenario_outcome& outcome);

/// The last lines of what was written to a file.
std::vector<std::string> last_lines(int fd);

/// Writes all of it, whatever signals come; false where it can't be.
bool write_all(int fd, const char* bytes, std::size_t count);

/// All that is written to `fds` until their writers are gone, or `stop` returns true; a line at a time.
void read_lines(const std::vector<int>& fds, const std::function<void(const std::string& line)>& take,
                const std::function<bool()>& stop);

} // namespace vigil::sim

#endif
