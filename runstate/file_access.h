// SPDX-License-Identifier: Apache-2.0
#ifndef VIGIL_RUNSTATE_FILE_ACCESS_H
#define VIGIL_RUNSTATE_FILE_ACCESS_H

#include <optional>
#include <string>
#include <variant>

#include <vigil/runstate/run_control.h>

namespace vigil::runstate {

/// Which files the commands of clients may name: any, or those below one directory. What the command line names is not
/// its concern.
///
/// It looks at the directory as it is now. Whoever else may write there could exchange a folder for a symbolic link
/// before the file is opened, so a directory that confines belongs to the operator alone.
class file_access {
public:
    /// Any file; a relative path is relative to the working directory.
    file_access() = default;

    /// Files below `directory`, which must exist, and to which relative paths are relative from now on. Or returns why
    /// not.
    static std::variant<file_access, std::string> confined_to(const std::string& directory);

    /// The path to open in place of `path`: for a confined one, absolute and free of symbolic links, in a folder that
    /// exists; the file itself need not. Or returns why it may not be used.
    std::variant<std::string, refusal> resolve(const std::string& path) const;

    /// The directory as it was given, or nothing.
    const std::optional<std::string>& directory() const noexcept { return directory_; }

private:
    std::optional<std::string> directory_;
    std::string root_; ///< the directory, absolute and free of symbolic links
};

} // namespace vigil::runstate

#endif
