using Received.Billing.Payments;
using Received.Billing.Payments.Stripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

/// <summary>Everything that moves money, at once and at random: what holds of payments holds afterwards.</summary>
public sealed class PaymentLawTests
{
    const int Workers = 4;
    const int StepsEach = 25;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Law_10_no_invoice_is_over_allocated_and_no_money_lost_whatever_comes_at_once(int seed)
    {
        await using var rig = await PaymentRig.MakeAsync();
        long[] invoices =
        [
            await rig.InvoiceAsync(1_000), await rig.InvoiceAsync(700), await rig.InvoiceAsync(2_500),
            await rig.InvoiceAsync(900, customer: 2),
        ];
        await AttemptsAsync(rig, invoices);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(async () =>
        {
            var random = new Random((seed * 100) + worker);
            for (var step = 0; step < StepsEach; step++)
            {
                try
                {
                    await StepAsync(rig, random, invoices);
                }
                catch (PaymentRefusedException)
                {
                    // Not as things stood just then.
                }
            }
        })));
        await rig.CheckAsync();
    }

    [Fact]
    public async Task A_notice_told_by_many_at_once_counts_once()
    {
        await using var rig = await PaymentRig.MakeAsync();
        var invoice = await rig.InvoiceAsync(1_000);
        await AttemptsAsync(rig, [invoice]);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(teller => Task.Run(
            () => rig.Notices.ApplyAsync(StripeCard.MethodName, Arrived(rig, $"evt_{teller % 4}", "pi_1", invoice)))));
        Assert.Single(outcomes, NoticeOutcome.Applied);
        Assert.Equal(1_000, (await rig.ReadInvoiceAsync(invoice)).Paid);
        await rig.CheckAsync();
    }

    static async Task StepAsync(PaymentRig rig, Random random, long[] invoices)
    {
        var invoice = invoices[random.Next(invoices.Length)];
        var payments = await rig.List.ListAsync(PaymentRig.Acme, new(100));
        var payment = payments.Count == 0 ? 0 : payments[random.Next(payments.Count)].Id;
        switch (random.Next(8))
        {
            case 0:
                await rig.RecordAsync(random.Next(1, 1_500), invoices: [invoice]);
                break;
            case 1:
                await rig.RecordAsync(random.Next(1, 1_500), customer: random.Next(2) == 0 ? "c1" : null);
                break;
            case 2 or 3:
                await rig.Notices.ApplyAsync(
                    StripeCard.MethodName,
                    Arrived(rig, $"evt_{random.Next(12)}", $"pi_{random.Next(6)}", invoice, random.Next(3) * 500));
                break;
            case 4:
                await rig.Book.AllocateAsync(
                    PaymentRig.Acme, "a", payment, [new(invoice, random.Next(2) == 0 ? null : random.Next(1, 500))]);
                break;
            case 5:
                await rig.Book.ReleaseAsync(PaymentRig.Acme, "a", payment, invoice);
                break;
            case 6:
                await rig.Book.ApplyCreditAsync(PaymentRig.Acme, "a", invoice);
                break;
            default:
                if (payments.FirstOrDefault(row => row.Id == payment)?.Method == "wire")
                    await rig.Refunds.RefundAsync(PaymentRig.Acme, "a", payment, random.Next(1, 400));
                break;
        }
    }

    static PaymentNotice Arrived(PaymentRig rig, string id, string payment, long invoice, long minor = 1_000) => new(
        id, "payment_intent.succeeded", rig.Time.GetUtcNow(),
        new ArrivedFact(
            payment, PaymentRig.Money(Math.Max(minor, 1)), rig.Time.GetUtcNow(), new(PaymentRig.Acme, invoice, 1)));

    static async Task AttemptsAsync(PaymentRig rig, long[] invoices)
    {
        await using var db = rig.Store.Context();
        foreach (var invoice in invoices)
            db.PaymentAttempts.Add(new()
            {
                AccountId = PaymentRig.Acme.Value,
                InvoiceId = invoice,
                Number = 1,
                Method = StripeCard.MethodName,
                IdempotencyKey = $"inv:1:{invoice}:attempt:1",
                Currency = "EUR",
                AmountMinor = 1_000,
                State = AttemptState.Open,
                CreatedAtMs = 0,
                TriedAtMs = 0,
            });
        await db.SaveChangesAsync();
    }
}
