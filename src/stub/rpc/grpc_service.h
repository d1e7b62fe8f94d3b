// gRPC around the dispatcher: one generic service for all methods, so that requests are measured and answers can be
// damaged as bytes.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include "stub/rpc/call_queue.h"
#include "stub/rpc/control.h"
#include "stub/rpc/dispatch.h"
#include "stub/rpc/faults.h"
#include "stub/rpc/pacer.h"
#include "stub/rpc/relay.h"
#include "stub/rpc/rpc_log.h"

namespace kalam::stub {

struct ServiceParts {
  Server& server;
  Dispatcher& dispatcher;
  Control& control;
  Faults& faults;
  RpcLog& log;
  Relay* relay;
  CallQueue& calls;
  Pacer& pacer;
  CallQueue& commands;  // of the control service: they must not wait behind calls
};

class GrpcService : public grpc::CallbackGenericService {
 public:
  explicit GrpcService(const ServiceParts& parts) : parts_(parts) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override;

 private:
  ServiceParts parts_;
};

}  // namespace kalam::stub
