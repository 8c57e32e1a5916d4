using Quartz;
using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Received.Billing.Payments.Wire;
using Received.Server.Options;

namespace Received.Server.Hosting;

/// <summary>Payments put together: the methods that the settings choose, and what comes back to open
/// questions.</summary>
static class PaymentSetup
{
    /// <summary>A refund or a fee that waits a minute longer hurts nobody; asking more often costs requests.</summary>
    static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);

    public static void AddPayments(this IServiceCollection services, Settings settings)
    {
        if (settings.Stripe is { } stripe)
            services.AddSingleton(provider => new StripeCard(stripe, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new PaymentMethods(
        [
            .. new IPaymentMethod?[] { provider.GetService<StripeCard>() }.OfType<IPaymentMethod>(),
            new WireTransfer(provider.GetRequiredService<TimeProvider>()),
        ]));
        services.AddSingleton<PaymentBook>();
        services.AddSingleton<PaymentList>();
        services.AddSingleton<NoticeBook>();
        services.AddSingleton<AttemptBook>();
        services.AddSingleton<RefundBook>();
        services.AddSingleton<PaymentSweep>();
        if (!settings.Roles.HasFlag(ServerRoles.Bill)) return;
        services.AddQuartz(quartz => quartz.ScheduleJob<PaymentSweepJob>(trigger => trigger
            .WithIdentity("payments")
            .StartNow()
            .WithSimpleSchedule(schedule => schedule.WithInterval(SweepEvery).RepeatForever())));
    }
}
