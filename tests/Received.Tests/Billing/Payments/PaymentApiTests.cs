using Microsoft.Extensions.DependencyInjection;
using Received.Billing.Payments;
using Received.Billing.Payments.Wire;
using Received.Model.Access;
using Received.Server.Demo.FakeStripe;
using Xunit;

namespace Received.Tests.Billing.Payments;

[Collection(PaymentServerCollection.Name)]
public sealed class PaymentApiTests(PaymentServer server) : IAsyncLifetime
{
    public ValueTask InitializeAsync() => server.BeginAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task A_transfer_is_recorded_released_allocated_and_given_back()
    {
        var invoice = await server.InvoiceAsync(11_900);
        var reference = (await server.OkAsync("POST", $"/api/invoices/{invoice}/pay", """{"method":"wire"}"""))
            .GetProperty("where").GetString();
        Assert.Equal(RfReference.Grouped(RfReference.OfInvoice(long.Parse(invoice[4..]))), reference);
        var recorded = await server.OkAsync("POST", "/api/payments", $$"""
            {"method":"wire","amount":"120.00","currency":"EUR","received_on":"2026-03-01",
             "reference":"{{reference}} ok","external_id":"bank-1"}
            """, 201);
        var path = "/api/payments/" + recorded.GetProperty("id").GetString();
        Assert.Equal("c1", recorded.GetProperty("customer_ref").GetString());
        Assert.Equal("1.00", recorded.GetProperty("free").GetString());
        await server.OkAsync("POST", "/api/payments", """
            {"amount":"120.00","currency":"EUR","received_on":"2026-03-01","external_id":"bank-1"}
            """);
        await server.OkAsync("POST", path + "/release", $$"""{"invoice":"{{invoice}}"}""");
        Assert.Equal("Issued 0", await server.StateAsync(invoice));
        await server.OkAsync(
            "POST", path + "/allocate", $$"""{"allocations":[{"invoice":"{{invoice}}","amount":"19.00"}]}""");
        var credit = await server.OkAsync("POST", $"/api/invoices/{invoice}/apply-credit");
        Assert.Equal("100.00", credit.GetProperty("applied").GetString());
        Assert.Equal("Paid 11900", await server.StateAsync(invoice));
        var refund = await server.OkAsync("POST", path + "/refund", """{"amount":"1.00"}""");
        Assert.Equal("succeeded", refund.GetProperty("state").GetString());
        await server.OkAsync("POST", path + "/refund");
        var read = await server.OkAsync("GET", path);
        Assert.Equal("refunded", read.GetProperty("state").GetString());
        Assert.Equal("Issued 0", await server.StateAsync(invoice));
    }

    [Fact]
    public async Task A_card_refund_of_unknown_outcome_is_accepted_and_settled_later()
    {
        var invoice = await server.InvoiceAsync(5_000);
        server.Fake.Books.Pay(await server.PlaceAsync(invoice), TestCards.Good);
        await server.Fake.Webhooks.DeliverAsync();
        var path = "/api/payments/" + Assert.Single(await server.PaymentsAsync()).GetProperty("id").GetString();
        server.Fake.Switches.FailNext(StripeFault.AnswerLost);
        await server.OkAsync("POST", path + "/refund", status: 202);
        Assert.All(await server.Fake.Webhooks.DeliverAsync(), status => Assert.Equal(200, status));
        var refund = Assert.Single((await server.OkAsync("GET", path)).GetProperty("refunds").EnumerateArray());
        Assert.Equal("succeeded", refund.GetProperty("state").GetString());
        Assert.Equal("Issued 0", await server.StateAsync(invoice));
        Assert.NotNull(server.Provider.GetRequiredService<PaymentSweep>());
    }

    [Fact]
    public async Task A_payment_service_that_does_not_answer_is_503_and_asking_again_is_safe()
    {
        var invoice = await server.InvoiceAsync(5_000);
        server.Fake.Switches.FailNext(StripeFault.ConnectionCut);
        await server.RefusedAsync(503, "outcome_unknown", "POST", $"/api/invoices/{invoice}/pay");
        await server.PlaceAsync(invoice);
        Assert.Single(server.Fake.Books.List("checkout.session", StripeForm.Parse(""))["data"]!.AsArray());
    }

    [Fact]
    public async Task Payments_are_listed_a_page_at_a_time()
    {
        for (var amount = 1; amount <= 5; amount++)
            await server.OkAsync(
                "POST", "/api/payments",
                $$"""{"amount":"{{amount}}.00","currency":"EUR","received_on":"2026-03-01"}""", 201);
        List<string?> seen = [];
        string? cursor = null;
        do
        {
            var page = await server.OkAsync(
                "GET", "/api/payments?limit=2" + (cursor is null ? "" : "&cursor=" + cursor));
            seen.AddRange(page.GetProperty("items").EnumerateArray()
                .Select(payment => payment.GetProperty("amount").GetString()));
            cursor = page.TryGetProperty("next_cursor", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        Assert.Equal(["5.00", "4.00", "3.00", "2.00", "1.00"], seen);
        Assert.Empty(await server.PaymentsAsync("?part=credit"));
        Assert.Equal(5, (await server.PaymentsAsync("?part=unapplied&method=wire")).Length);
        await server.RefusedAsync(400, "parameter_invalid", "GET", "/api/payments?part=some");
        await server.RefusedAsync(400, "parameter_invalid", "GET", "/api/payments?cursor=nonsense");
    }

    [Fact]
    public async Task A_wrong_field_is_named()
    {
        (string Body, string Pointer)[] wrong =
        [
            ("""{"method":"card","amount":"1","currency":"EUR","received_on":"2026-03-01"}""", "/method"),
            ("""{"amount":"1","currency":"EUX","received_on":"2026-03-01"}""", "/currency"),
            ("""{"currency":"EUR","received_on":"2026-03-01"}""", "/amount"),
            ("""{"amount":"1.001","currency":"EUR","received_on":"2026-03-01"}""", "/amount"),
            ("""{"amount":"-1","currency":"EUR","received_on":"2026-03-01"}""", "/amount"),
            ("""{"amount":"1e3","currency":"EUR","received_on":"2026-03-01"}""", "/amount"),
            ("""{"amount":"1","currency":"EUR","received_on":"01.03.2026"}""", "/received_on"),
            ("""{"amount":"1","currency":"EUR","received_on":"2999-03-01"}""", "/received_on"),
            ("""{"amount":"1","currency":"EUR"}""", "/received_on"),
            ("""{"amount":"1","currency":"EUR","received_on":"2026-03-01","invoices":["x"]}""", "/invoices/0"),
            ("""{"amount":"1","currency":"EUR","received_on":"2026-03-01","rest":"x"}""", "/rest"),
            ("""{"amount":"1","currency":"EUR","received_on":"2026-03-01","customer_ref":""}""", "/customer_ref"),
            ("""{"amount":"1","currency":"EUR","received_on":"2026-03-01","reference":"\u0000"}""", "/reference"),
            ("""{"amount":"1","currency":"EUR","received_on":"2026-03-01","external_id":" "}""", "/external_id"),
        ];
        foreach (var (body, pointer) in wrong)
            await server.RefusedAsync(422, "field_invalid", "POST", "/api/payments", body, pointer);
    }

    [Fact]
    public async Task Bodies_that_are_no_such_JSON_are_refused()
    {
        await server.RefusedAsync(400, "body_invalid", "POST", "/api/payments", """{"amount":1}""", "/amount");
        await server.RefusedAsync(
            400, "body_invalid", "POST", "/api/payments", """{"invoices":["a",{}]}""", "/invoices/1");
        await server.RefusedAsync(400, "body_invalid", "POST", "/api/payments", "{");
        // A slip in a name must not turn a part into all.
        await server.RefusedAsync(
            400, "body_invalid", "POST", "/api/payments/pay_1/refund", """{"ammount":"1.00"}""", "/ammount");
        await server.RefusedAsync(400, "body_missing", "POST", "/api/payments", "");
        await server.RefusedAsync(413, "body_too_large", "POST", "/api/payments", new string(' ', 70_000));
    }

    [Fact]
    public async Task A_slip_in_a_fields_name_gives_nothing_back_and_of_two_amounts_none_is_taken()
    {
        var recorded = await server.OkAsync(
            "POST", "/api/payments", """{"amount":"9.00","currency":"EUR","received_on":"2026-03-01"}""", 201);
        var path = "/api/payments/" + recorded.GetProperty("id").GetString();
        foreach (var body in (string[])["""{"amuont":"1.00"}""", """{"amount":"1.00","amount":"2.00"}"""])
            await server.RefusedAsync(400, "body_invalid", "POST", path + "/refund", body);
        Assert.Equal("9.00", (await server.OkAsync("GET", path)).GetProperty("free").GetString());
    }

    [Fact]
    public async Task Law_12_ids_of_another_account_are_not_found_and_scopes_are_asked_for()
    {
        var others = await server.InvoiceAsync(5_000, account: server.Other);
        var recorded = await server.OkAsync(
            "POST", "/api/payments", """{"amount":"1.00","currency":"EUR","received_on":"2026-03-01"}""", 201);
        var path = "/api/payments/" + recorded.GetProperty("id").GetString();
        await server.RefusedAsync(404, "invoice_not_found", "POST", $"/api/invoices/{others}/pay");
        await server.RefusedAsync(404, "invoice_not_found", "POST", "/api/invoices/inv_1x/pay");
        await server.RefusedAsync(404, "payment_not_found", "GET", path, key: server.OtherKey);
        await server.RefusedAsync(404, "payment_not_found", "POST", path + "/refund", key: server.OtherKey);
        await server.RefusedAsync(
            404, "invoice_not_found", "POST", path + "/allocate",
            $$"""{"allocations":[{"invoice":"{{others}}"}]}""", "/allocations/0/invoice");
        var reader = await server.NewKeyAsync(Scopes.BillingRead);
        await server.RefusedAsync(403, "scope_missing", "POST", path + "/refund", key: reader);
        Assert.Single(await server.PaymentsAsync(key: reader));
    }
}
