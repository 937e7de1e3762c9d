#include <weft/base/resume_job.hpp>

namespace weft::inline v0::detail {

WEFT_DEFINE_THREAD_SLOT(Trampoline, trampoline)

}  // namespace weft::inline v0::detail
