// SPDX-License-Identifier: Apache-2.0
#include <vigil/models/saved_config.h>

#include <algorithm>
#include <cstdio>
#include <vector>

namespace vigil::models {

namespace {

constexpr std::size_t k_id_bytes = 4; // vendor and device

} // namespace

runstate::saved_field save_config(const bus::pci_function& function, const char* name)
{
    const auto& bytes = function.config_bytes();
    return {name, std::vector<std::uint8_t>(bytes.begin(), bytes.end())};
}

config_image read_config(runstate::saved_state_reader& in, const bus::pci_function& function, const char* name)
{
    config_image image{};
    const std::vector<std::uint8_t>& bytes = in.bytes(name, image.size());
    std::copy(bytes.begin(), bytes.end(), image.begin());
    const auto& own = function.config_bytes();
    char ids[16];
    std::snprintf(ids, sizeof ids, "%02X %02X %02X %02X", own[0], own[1], own[2], own[3]);
    in.require(std::equal(own.begin(), own.begin() + k_id_bytes, image.begin()),
               std::string("field '") + name + "' must start with the vendor and device ids " + ids);
    return image;
}

runstate::prepared_restore prepare_config(std::string_view section, const runstate::saved_state& state,
                                          bus::pci_function& function)
{
    runstate::saved_state_reader in(section, state, 1);
    const config_image image = read_config(in, function);
    if (in.fault()) return *in.fault();
    return [&function, image] { function.restore_config_bytes(image); };
}

} // namespace vigil::models
