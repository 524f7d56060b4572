// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_FILES_NEW_FILE_H
#define VIGIL_RUNSTATE_FILES_NEW_FILE_H

#include <string>
#include <system_error>
#include <variant>

#include <vigil/runstate/files/descriptor.h>
#include <vigil/runstate/files/file_place.h>

namespace vigil::runstate {

/// Whether an open file has this name in the folder, so that who removes the name removes that file.
bool is_named(int file, int folder, const std::string& name);

/// A file in the making, which gets its name once it is complete, so that whatever fails leaves an older file of that
/// name as it was.
///
/// Until then it has no name, and nothing is left of it where the process is killed. On a file system that keeps no
/// such files, and for the moment of taking another's place, it has a name of its own beside: that is removed at the
/// end, or by the next one in the making for the same place. It is locked (flock) for as long as its maker lives.
class new_file {
public:
    /// One for `place`, which must be settled; `nameless`: whether the file system is asked for a file without a name.
    static std::variant<new_file, std::error_code> at(const file_place& place, bool nameless = true);

    new_file(new_file&&) noexcept = default;
    new_file& operator=(new_file&&) = delete;
    ~new_file();

    /// To be written to; readable too.
    int number() const noexcept { return file_.number(); }

    /// Gives it its name, in place of whatever has it, once its contents have reached the disk, and has the name reach
    /// it. To be called once.
    std::error_code publish();

private:
    new_file(file_place place, descriptor file, std::string beside)
        : place_(std::move(place)), file_(std::move(file)), beside_(std::move(beside))
    {
    }

    std::error_code publish_nameless();
    std::error_code copy_to_named(); ///< where a nameless file cannot be given any name
    std::error_code replace();       ///< what has the name, by the file beside

    file_place place_;
    descriptor file_;
    std::string beside_; ///< its name until it is complete; empty: none
};

} // namespace vigil::runstate

#endif
