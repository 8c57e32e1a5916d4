using Quartz;
using Received.Billing.Payments;

namespace Received.Server.Hosting;

/// <summary>Wakes the sweep of payments: one call.</summary>
[DisallowConcurrentExecution]
sealed class PaymentSweepJob(PaymentSweep sweep, ILogger<PaymentSweepJob> logger) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        try
        {
            await sweep.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.PaymentSweepFailed(e);
        }
    }
}
