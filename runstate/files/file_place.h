// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_FILES_FILE_PLACE_H
#define VIGIL_RUNSTATE_FILES_FILE_PLACE_H

#include <memory>
#include <string>
#include <system_error>
#include <variant>

#include <sys/types.h>

#include <vigil/runstate/files/descriptor.h>

namespace vigil::runstate {

/// Where a file is or is to be; it need not exist.
class file_place {
public:
    /// Wherever the system finds `path`, through symbolic links too.
    explicit file_place(std::string path) : name_(path), shown_(std::move(path)) {}

    /// `name` in the open `folder`, whatever becomes of the folder's own path. A symbolic link of that name is not
    /// followed. `shown` is the name for messages.
    file_place(std::shared_ptr<const descriptor> folder, std::string name, std::string shown)
        : folder_(std::move(folder)), name_(std::move(name)), shown_(std::move(shown))
    {
    }

    /// The file that `path` names, by the folder that it is in now. A symbolic link of that name is not followed.
    static std::variant<file_place, std::error_code> in_folder(const std::string& path, std::string shown);

    /// As open(2), closed on exec and never a controlling terminal; `errno` tells where there is no descriptor.
    descriptor open(int flags, mode_t mode = 0) const;

    /// The same file by the folder that it is in now, which is where another can take its place; a symbolic link is
    /// followed before, to the file that it names.
    std::variant<file_place, std::error_code> settled() const;

    /// The folder's descriptor; only of a place that has one.
    int folder() const noexcept { return folder_->number(); }
    /// The name in that folder, or the whole path.
    const std::string& name() const noexcept { return name_; }
    /// What messages call the file.
    const std::string& shown() const noexcept { return shown_; }

private:
    std::shared_ptr<const descriptor> folder_; ///< null: the system finds the file
    std::string name_;
    std::string shown_;
};

} // namespace vigil::runstate

#endif
