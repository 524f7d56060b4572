// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_SIM_HOST_PID_FILE_H
#define VIGIL_SIM_HOST_PID_FILE_H

#include <optional>
#include <string>
#include <system_error>

#include <vigil/runstate/files/descriptor.h>
#include <vigil/runstate/files/file_place.h>

namespace vigil::sim {

/// The process id in a file, for as long as the program runs.
///
/// The file is one that it creates, or one that says nothing but a process id: nothing else is written to or removed,
/// and no symbolic link is followed. It is held locked by an open-file-description lock, which nothing else that the
/// process does with the file lets go.
class pid_file {
public:
    pid_file() = default;
    /// Removes the file, where it is still the one that was written.
    ~pid_file();
    pid_file(const pid_file&) = delete;
    pid_file& operator=(const pid_file&) = delete;

    /// Returns why the file cannot be written, in words that continue its name.
    std::optional<std::string> write(const std::string& path);

private:
    std::optional<std::string> hold();
    std::optional<std::string> take_over(); ///< a file that was there
    std::optional<std::string> put_down();  ///< the process id
    bool is_named() const;                  ///< the file still has its name

    std::optional<runstate::file_place> place_;
    runstate::descriptor file_; ///< open, and locked, to the end
    bool ours_ = false;         ///< created or written, and so to be removed
};

} // namespace vigil::sim

#endif
