using System.Text;
using Quartz;
using Received.Billing.Catalog;
using Received.Billing.Contracts;
using Received.Billing.Invoices;
using Received.Billing.Ledger;
using Received.Log;
using Received.Model.Catalog;
using Received.Server.Options;
using Received.Usage;

namespace Received.Server.Hosting;

/// <summary>Billing put together: its books for the API, and its clockwork where this process has the role.</summary>
static class BillingSetup
{
    public static void AddBilling(this IServiceCollection services, Settings settings)
    {
        services.AddSingleton(provider =>
        {
            var identity = provider.GetRequiredService<ILog>().Identity;
            return new CycleTotalsReader(
                provider.GetRequiredService<IUsageStore>(),
                (account, customer) => Partitioning.Of(
                    account, Encoding.UTF8.GetBytes(customer), identity.PartitionCount));
        });
        services.AddSingleton<EntityBook>();
        services.AddSingleton<CustomerBook>();
        services.AddSingleton<ProductBook>();
        services.AddSingleton<ContractBook>();
        services.AddSingleton<CatalogDirectory>();
        services.AddSingleton<CatalogFeed>();
        services.AddSingleton<CyclePlanner>();
        services.AddSingleton<InvoiceBook>();
        services.AddSingleton<Invoicer>();
        services.AddSingleton<LedgerReports>();
        services.AddSingleton<AccountStatement>();
        services.AddSingleton<Journal>();
        services.AddSingleton<BookCheck>();
        services.AddSingleton<Closing>();
        if (!settings.Roles.HasFlag(ServerRoles.Bill)) return;
        services.AddQuartz(quartz => quartz.ScheduleJob<InvoicerJob>(trigger => trigger
            .WithIdentity("invoicer")
            .StartNow()
            .WithSimpleSchedule(schedule => schedule.WithInterval(settings.Billing.InvoiceEvery).RepeatForever())));
        services.AddQuartzHostedService(quartz => quartz.WaitForJobsToComplete = true);
    }
}
