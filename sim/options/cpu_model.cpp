// SPDX-License-Identifier: Apache-2.0
#include <vigil/sim/options/cpu_model.h>

#include <algorithm>
#include <optional>

#include <vigil/qmp-bridge/host/option_list.h>

namespace vigil::sim {

namespace {

using qmp_bridge::refuse;

constexpr std::string_view k_crash = "hv-crash";

constexpr std::string_view k_models[] = {
    "486",         "Broadwell",      "Cascadelake-Server",
    "Conroe",      "Cooperlake",     "Denverton",
    "Dhyana",      "EPYC",           "EPYC-Milan",
    "EPYC-Rome",   "Haswell",        "Icelake-Server",
    "IvyBridge",   "KnightsMill",    "Nehalem",
    "Opteron_G1",  "Opteron_G2",     "Opteron_G3",
    "Opteron_G4",  "Opteron_G5",     "Penryn",
    "SandyBridge", "Skylake-Client", "Skylake-Server",
    "Snowridge",   "Westmere",       "athlon",
    "base",        "core2duo",       "coreduo",
    "host",        "kvm32",          "kvm64",
    "max",         "n270",           "pentium",
    "pentium2",    "pentium3",       "phenom",
    "qemu32",      "qemu64",
};

// What a name of a model may end in.
constexpr std::string_view k_variants[] = {"-noTSX-IBRS", "-noTSX", "-IBRS", "-IBPB"};

// The features of QEMU 7.2, by the names that '+' and '-' take.
constexpr std::string_view k_features[] = {
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 pn clflush ds acpi mmx fxsr sse sse2 ss "
    "ht "
    "tm ia64 pbe pni pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cid fma cx16 xtpr pdcm pcid dca sse4.1 "
    "sse4.2 x2apic movbe popcnt tsc-deadline aes xsave osxsave avx f16c rdrand hypervisor",
    "syscall mp nx mmxext fxsr-opt pdpe1gb rdtscp lm 3dnowext 3dnow lahf-lm cmp-legacy svm extapic cr8legacy abm sse4a "
    "misalignsse 3dnowprefetch osvw ibs xop skinit wdt lwp fma4 tce nodeid-msr tbm topoext perfctr-core perfctr-nb "
    "xstore xstore-en xcrypt xcrypt-en ace2 ace2-en phe phe-en pmm pmm-en",
    "kvmclock kvm-nopiodelay kvm-mmu kvm-asyncpf kvm-steal-time kvm-pv-eoi kvm-pv-unhalt kvm-poll-control "
    "kvm-pv-tlb-flush kvm-asyncpf-vmexit kvm-pv-ipi kvm-pv-sched-yield kvm-asyncpf-int kvm-msi-ext-dest-id "
    "kvmclock-stable-bit kvm-hint-dedicated xen-vapic",
    "npt lbrv svm-lock nrip-save tsc-scale vmcb-clean flushbyasid decodeassists pause-filter pfthreshold avic v-vmsave-"
    "vmload vgif svme-addr-chk fsgsbase tsc-adjust sgx bmi1 hle avx2 smep bmi2 erms invpcid rtm mpx avx512f avx512dq "
    "rdseed adx smap avx512ifma pcommit clflushopt clwb intel-pt avx512pf avx512er avx512cd sha-ni avx512bw avx512vl",
    "avx512vbmi umip pku ospke waitpkg avx512vbmi2 gfni vaes vpclmulqdq avx512vnni avx512bitalg avx512-vpopcntdq la57 "
    "rdpid bus-lock-detect cldemote movdiri movdir64b sgxlc pks avx512-4vnniw avx512-4fmaps fsrm avx512-vp2intersect "
    "md-clear serialize tsx-ldtrk arch-lbr amx-bf16 avx512-fp16 amx-tile amx-int8 spec-ctrl stibp arch-capabilities "
    "core-capability ssbd avx-vnni avx512-bf16 invtsc clzero xsaveerptr wbnoinvd ibpb ibrs amd-stibp amd-ssbd "
    "virt-ssbd "
    "amd-no-ssb amd-psfd xsaveopt xsavec xgetbv1 xsaves xfd arat rdctl-no ibrs-all rsba skip-l1dfl-vmentry ssb-no "
    "mds-no "
    "pschange-mc-no tsx-ctrl taa-no sbdr-ssdp-no fbsdp-no psdp-no fb-clear split-lock-detect full-width-write "
    "intel-pt-lip perfmon sgx1 sgx2 sgx-debug sgx-mode64 sgx-provisionkey sgx-tokenkey sgx-kss sgx-edeccssa "
    "sgx-exinfo sgx-aex-notify",
    "vmx-intr-exit vmx-nmi-exit vmx-vnmi vmx-preemption-timer vmx-posted-intr vmx-vintr-pending vmx-tsc-offset "
    "vmx-hlt-exit vmx-invlpg-exit vmx-mwait-exit vmx-rdpmc-exit vmx-rdtsc-exit vmx-cr3-load-noexit "
    "vmx-cr3-store-noexit "
    "vmx-cr8-load-exit vmx-cr8-store-exit vmx-flexpriority vmx-vnmi-pending vmx-movdr-exit vmx-io-exit vmx-io-bitmap "
    "vmx-mtf vmx-msr-bitmap vmx-monitor-exit vmx-pause-exit vmx-secondary-ctls vmx-apicv-xapic vmx-ept vmx-desc-exit "
    "vmx-rdtscp-exit vmx-apicv-x2apic vmx-vpid vmx-wbinvd-exit vmx-unrestricted-guest vmx-apicv-register vmx-apicv-vid "
    "vmx-ple vmx-rdrand-exit vmx-invpcid-exit vmx-vmfunc vmx-shadow-vmcs vmx-encls-exit vmx-rdseed-exit vmx-pml "
    "vmx-xsaves vmx-tsc-scaling vmx-enable-user-wait-pause vmx-exit-nosave-debugctl vmx-exit-load-perf-global-ctrl "
    "vmx-exit-ack-intr vmx-exit-save-pat vmx-exit-load-pat vmx-exit-save-efer vmx-exit-load-efer "
    "vmx-exit-save-preemption-timer vmx-exit-clear-bndcfgs vmx-exit-clear-rtit-ctl vmx-exit-load-pkrs "
    "vmx-entry-noload-debugctl vmx-entry-ia32e-mode vmx-entry-load-perf-global-ctrl vmx-entry-load-pat "
    "vmx-entry-load-efer vmx-entry-load-bndcfgs vmx-entry-load-rtit-ctl vmx-entry-load-pkrs vmx-store-lma "
    "vmx-activity-hlt vmx-activity-shutdown vmx-activity-wait-sipi vmx-vmwrite-vmexit-fields vmx-zero-len-inject "
    "vmx-ept-execonly vmx-page-walk-4 vmx-page-walk-5 vmx-ept-2mb vmx-ept-1gb vmx-invept vmx-eptad "
    "vmx-ept-advanced-exitinfo vmx-invept-single-context vmx-invept-all-context vmx-invvpid vmx-invvpid-single-addr "
    "vmx-invvpid-all-context vmx-invvpid-single-context vmx-invvpid-single-context-noglobals vmx-true-ctls "
    "vmx-ins-outs vmx-eptp-switching vmx-any-errcode",
    "hv-relaxed hv-vapic hv-time hv-crash hv-reset hv-vpindex hv-runtime hv-synic hv-stimer hv-frequencies "
    "hv-reenlightenment hv-tlbflush hv-tlbflush-ext hv-tlbflush-direct hv-evmcs hv-ipi hv-stimer-direct hv-avic "
    "hv-apicv hv-emsr-bitmap hv-xmm-input hv-syndbg hv-passthrough hv-enforce-cpuid",
    // other spellings
    "pclmuldq sse3 sse4-1 sse4-2 sse4_1 sse4_2 xd ffxsr i64 ds_cpl tsc_adjust fxsr_opt lahf_lm cmp_legacy nodeid_msr "
    "perfctr_core perfctr_nb kvm_nopiodelay kvm_mmu kvm_asyncpf kvm_steal_time kvm_pv_eoi kvm_pv_unhalt "
    "kvm_poll_control svm_lock nrip_save tsc_scale vmcb_clean pause_filter",
    // switches that are not features
    "check enforce kvm migratable pmu fill-mtrr-mask host-phys-bits l3-cache legacy-cache lmce tcg-cpuid cpuid-0xb "
    "vmware-cpuid-freq full-cpuid-auto-level kvm-no-smi-migration kvm-pv-enforce-cpuid x-migrate-smi-count "
    "x-intel-pt-auto-level x-hv-synic-kvm-only start-powered-off",
};

// Properties that take something else than on and off.
constexpr std::string_view k_values =
    "level min-level xlevel min-xlevel xlevel2 min-xlevel2 level-func7 min-level-func7 family model stepping vendor "
    "model-id tsc-frequency apic-id phys-bits host-phys-bits-limit ucode-rev lbr-fmt hv-spinlocks hv-vendor-id "
    "hv-no-nonarch-coresharing hv-version-id-build hv-version-id-major hv-version-id-minor hv-version-id-spack "
    "hv-version-id-sbranch hv-version-id-snumber node-id socket-id die-id core-id thread-id memory "
    "unavailable-features";

bool has_word(std::string_view words, std::string_view word)
{
    for (std::size_t begin = 0; begin < words.size();) {
        const std::size_t end = std::min(words.find(' ', begin), words.size());
        if (words.substr(begin, end - begin) == word) return true;
        begin = end + 1;
    }
    return false;
}

bool is_switch(std::string_view name)
{
    return std::any_of(std::begin(k_features), std::end(k_features),
                       [&](std::string_view words) { return has_word(words, name); });
}

bool is_model(std::string_view name)
{
    const std::size_t version = name.rfind("-v");
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (version != std::string_view::npos && version + 2 < name.size() &&
        std::all_of(name.begin() + static_cast<std::ptrdiff_t>(version + 2), name.end(), is_digit)) {
        name = name.substr(0, version);
    }
    for (const std::string_view variant : k_variants) {
        if (name.size() <= variant.size() || name.substr(name.size() - variant.size()) != variant) continue;
        name.remove_suffix(variant.size());
        break;
    }
    return std::find(std::begin(k_models), std::end(k_models), name) != std::end(k_models);
}

std::string_view next_part(std::string_view& rest)
{
    const std::size_t comma = rest.find(',');
    const std::string_view part = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    return part;
}

/// The features of one -cpu, as far as they are read.
class feature_reader {
public:
    explicit feature_reader(cpu_choice& choice) : choice_(choice) {}

    std::optional<runstate::refusal> read(std::string_view part)
    {
        if (part.empty()) return std::nullopt;
        if (part.front() == '+' || part.front() == '-') return read_sign(part.front() == '+', part.substr(1));
        return read_setting(part);
    }

    void finish()
    {
        choice_.names_hyperv_crash = plus_ || minus_ || set_;
        if (plus_) choice_.hyperv_crash = true;
        if (minus_) choice_.hyperv_crash = false;
        if (set_ && (plus_ || minus_)) {
            choice_.warnings.push_back("warning: Ambiguous CPU model string. Don't mix both \"" +
                                       std::string(minus_ ? "-" : "+") + std::string(k_crash) + "\" and \"" + *set_ +
                                       "\"");
        }
    }

private:
    std::optional<runstate::refusal> read_sign(bool plus, std::string_view name)
    {
        if (!is_switch(name)) {
            return refuse("Property '" + cpu_type_name(choice_.model) + "." + std::string(name) + "' not found");
        }
        if (name == k_crash) (plus ? plus_ : minus_) = true;
        return std::nullopt;
    }

    std::optional<runstate::refusal> read_setting(std::string_view part)
    {
        const std::size_t equals = part.find('=');
        std::string name(part.substr(0, equals));
        std::replace(name.begin(), name.end(), '_', '-');
        const std::string value(equals == std::string_view::npos ? "on" : part.substr(equals + 1));
        const auto refused = [&](const std::string& why) {
            return refuse("can't apply global " + cpu_type_name(choice_.model) + "." + name + "=" + value + ": " + why);
        };
        if (!is_cpu_property(name)) {
            return refused("Property '" + cpu_type_name(choice_.model) + "." + name + "' not found");
        }
        if (!is_switch(name)) return std::nullopt;
        const auto on = qmp_bridge::parse_switch(value);
        if (!on) return refused("Parameter '" + name + "' expects 'on' or 'off'");
        if (name == k_crash) {
            choice_.hyperv_crash = *on;
            set_ = std::string(part);
        }
        return std::nullopt;
    }

    cpu_choice& choice_;
    bool plus_ = false;
    bool minus_ = false;
    std::optional<std::string> set_; ///< as it was written
};

} // namespace

bool is_cpu_property(std::string_view name) { return is_switch(name) || has_word(k_values, name); }

std::string cpu_type_name(std::string_view model) { return std::string(model) + "-x86_64-cpu"; }

runstate::result<cpu_choice> parse_cpu(std::string_view text, bool accelerated)
{
    cpu_choice choice;
    choice.model = next_part(text);
    if (choice.model.empty()) return refuse("-cpu option cannot be empty");
    if (!is_model(choice.model)) return refuse("unable to find CPU model '" + choice.model + "'");
    if (choice.model == "host" && !accelerated) return refuse("CPU model 'host' requires KVM or HVF");
    feature_reader features(choice);
    while (!text.empty()) {
        if (auto error = features.read(next_part(text))) return *error;
    }
    features.finish();
    return choice;
}

std::string cpus_text()
{
    std::string text = "Available CPUs:\n";
    for (const std::string_view model : k_models) text += "x86 " + std::string(model) + "\n";
    text += "\nOf the features that QEMU's CPUs have, hv-crash alone has a meaning here.\n";
    return text;
}

} // namespace vigil::sim
