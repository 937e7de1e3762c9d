#include <weft/base/resume_job.hpp>

namespace weft::inline v0::detail {

constinit thread_local Trampoline* tls_trampoline [[gnu::tls_model("initial-exec")]] = nullptr;

}  // namespace weft::inline v0::detail
