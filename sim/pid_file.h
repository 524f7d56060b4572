// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_PID_FILE_H
#define VIGIL_SIM_PID_FILE_H

#include <string>

namespace vigil::sim {

/// The process id in a file, for as long as the program runs.
class pid_file {
public:
    pid_file() = default;
    ~pid_file();
    pid_file(const pid_file&) = delete;
    pid_file& operator=(const pid_file&) = delete;

    /// Returns false where the file cannot be written, or belongs to a program that still runs: it is held locked.
    bool write(const std::string& path);

private:
    std::string path_;
};

} // namespace vigil::sim

#endif
