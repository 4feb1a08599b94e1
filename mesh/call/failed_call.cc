#include "mesh/call/failed_call.h"

namespace mesh::call {

void FailedCall::Intercept(Batch* batch) {
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL)) return;
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE)) batch->FailHijackedSendMessage();
  // A batch that was hijacked keeps its metadata, and is used again for messages.
  if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA)) {
    batch->Hijack();
    return;
  }
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_MESSAGE)) batch->FailHijackedRecvMessage();
  if (batch->QueryInterceptionHookPoint(Point::PRE_RECV_STATUS)) {
    *batch->GetRecvStatus() = status_;
    ReplaceMetadata(trailing_metadata_, batch->GetRecvTrailingMetadata());
  }
  batch->Proceed();
}

}  // namespace mesh::call
