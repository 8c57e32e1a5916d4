using Quartz;
using Received.Billing.Invoices;

namespace Received.Server.Hosting;

/// <summary>Wakes the invoicer. All that it does is one call: what is due is found in the billing database.</summary>
[DisallowConcurrentExecution]
sealed class InvoicerJob(Invoicer invoicer, Engine engine, ILogger<InvoicerJob> logger) : IJob
{
    public async ValueTask Execute(IJobExecutionContext context, CancellationToken cancellationToken)
    {
        // Without usage, or with that of another log, there is nothing to price by; the next wake-up tries again.
        if (engine.StoreFailure is not null || engine.Refusal is not null) return;
        try
        {
            await invoicer.RunAsync(cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            logger.InvoiceRunFailed(e);
        }
    }
}
