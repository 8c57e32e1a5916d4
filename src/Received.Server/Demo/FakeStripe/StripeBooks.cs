using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Received.Server.Demo.FakeStripe;

/// <summary>
/// What the stand-in knows: its objects, as the JSON that goes out, and what happens to them. One lock: an answer never
/// shows half a change.
/// </summary>
sealed class StripeBooks(TimeProvider time, StripeSwitches switches, WebhookPush webhooks)
{
    const int AmountMin = 50;
    const int ListDefault = 10;
    const int ListMax = 100;

    static readonly TimeSpan ExpiryMin = TimeSpan.FromMinutes(30);
    static readonly TimeSpan ExpiryMax = TimeSpan.FromHours(24);

    readonly Lock _gate = new();
    readonly StripeObjects _objects = new(
        // Ids of an earlier run must not come again: they may be in somebody's database.
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6)), time);

    public string PageAddress { get; set; } = "";

    public JsonObject CreateSession(StripeForm form)
    {
        form.Allow(
            "mode", "allowed_payment_method_types", "adaptive_pricing", "line_items", "client_reference_id",
            "customer_email", "metadata", "payment_intent_data", "expires_at", "success_url", "cancel_url", "locale");
        if (form.Required("mode") != "payment")
            throw new StripeRefusal(400, "parameter_invalid", "The stand-in knows mode=payment only.", "mode");
        const string Price = "line_items[0][price_data]";
        var amount = (form.Number($"{Price}[unit_amount]") ?? 0) * (form.Number("line_items[0][quantity]") ?? 1);
        if (amount < AmountMin)
            throw new StripeRefusal(
                400, "amount_too_small", $"The total must be at least {AmountMin} in the smallest unit.", "line_items");
        form.Required($"{Price}[product_data][name]");
        var now = time.GetUtcNow();
        var expires = DateTimeOffset.FromUnixTimeSeconds(
            form.Number("expires_at") ?? (now + ExpiryMax).ToUnixTimeSeconds());
        if (expires < now + ExpiryMin - TimeSpan.FromSeconds(1) || expires > now + ExpiryMax)
            throw new StripeRefusal(
                400, "parameter_invalid", "expires_at must be 30 minutes to 24 hours from now.", "expires_at");
        lock (_gate)
        {
            return StripeObjects.Copy(_objects.AddSession(
                form, amount, form.Required($"{Price}[currency]"), expires, PageAddress));
        }
    }

    public JsonObject ExpireSession(string id)
    {
        lock (_gate)
        {
            ExpireDue();
            var session = Get("checkout.session", id);
            if ((string)session["status"]! != "open")
                throw new StripeRefusal(
                    400, null, "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout "
                    + $"Session has a status of `{session["status"]}`.");
            Expire(session);
            return StripeObjects.Copy(session);
        }
    }

    /// <summary>The customer enters a card on the session's page.</summary>
    /// <exception cref="StripeRefusal">There is no such session, or it is not open.</exception>
    public StripePayment Pay(string sessionId, string card, bool authenticates = true)
    {
        lock (_gate)
        {
            var session = Open(sessionId);
            var intent = _objects.IntentOf(session);
            var drawn = TestCards.Find(card);
            var code = drawn.Code ?? (drawn.NeedsAuthentication && !authenticates
                ? "payment_intent_authentication_failure"
                : null);
            var charge = _objects.AddCharge(intent, drawn, code);
            if (code is not null)
            {
                StripeObjects.Decline(intent, charge, code, drawn.DeclineCode);
                Tell("charge.failed", charge);
                Tell("payment_intent.payment_failed", intent);
                return new(drawn.DeclineCode ?? code, null, (string)intent["id"]!);
            }

            intent["status"] = "succeeded";
            intent["amount_received"] = (long)intent["amount"]!;
            session["status"] = "complete";
            session["payment_status"] = "paid";
            session["url"] = null;
            Tell("charge.succeeded", charge);
            Tell("payment_intent.succeeded", intent);
            Tell("checkout.session.completed", session);
            if (!switches.FeesAreLate) SettleFee(charge);
            if (drawn.IsDisputed) Tell("charge.dispute.created", _objects.AddDispute(charge));
            return new(null, (string?)session["success_url"], (string)intent["id"]!);
        }
    }

    public JsonObject CreateRefund(StripeForm form)
    {
        form.Allow("payment_intent", "charge", "amount", "reason", "metadata");
        lock (_gate)
        {
            var charge = form["charge"] is { } id ? Get("charge", id) : LatestCharge(form.Required("payment_intent"));
            var left = (long)charge["amount"]! - (long)charge["amount_refunded"]!;
            if (left == 0)
                throw new StripeRefusal(
                    400, "charge_already_refunded", $"Charge {charge["id"]} has already been refunded.");
            var amount = form.Number("amount") ?? left;
            if (amount <= 0 || amount > left)
                throw new StripeRefusal(
                    400, "amount_too_large", $"Refund amount ({amount}) is greater than unrefunded amount ({left}).",
                    "amount");
            var refund = _objects.AddRefund(form, charge, amount);
            Tell("refund.created", refund);
            Tell("charge.refunded", charge);
            return StripeObjects.Copy(refund);
        }
    }

    /// <summary>What the bank says of a refund later: "succeeded" or "failed".</summary>
    public void MoveRefund(string id, string status)
    {
        lock (_gate)
        {
            var refund = Get("refund", id);
            refund["status"] = status;
            if (status == "failed")
            {
                refund["failure_reason"] = "expired_or_canceled_card";
                var charge = Get("charge", (string)refund["charge"]!);
                charge["amount_refunded"] = (long)charge["amount_refunded"]! - (long)refund["amount"]!;
                charge["refunded"] = false;
            }

            Tell(status == "failed" ? "refund.failed" : "refund.updated", refund);
        }
    }

    /// <summary>Gives every charge its balance transaction, and so its fee.</summary>
    public void SettleFees()
    {
        lock (_gate)
        {
            foreach (var charge in _objects.All("charge").Where(charge => (bool)charge["paid"]!)) SettleFee(charge);
        }
    }

    /// <exception cref="StripeRefusal">There is none.</exception>
    public JsonObject Find(string kind, string id, StripeForm? form = null)
    {
        lock (_gate)
        {
            ExpireDue();
            var copy = StripeObjects.Copy(Get(kind, id));
            foreach (var (_, path) in form?.Below("expand") ?? []) _objects.Expand(copy, path.Split('.'));
            return copy;
        }
    }

    public JsonObject? FindOrNull(string kind, string id)
    {
        lock (_gate)
        {
            ExpireDue();
            return _objects.Find(kind, id) is { } found ? StripeObjects.Copy(found) : null;
        }
    }

    /// <summary>Newest first, filtered by any of the objects' own fields, a page at a time.</summary>
    public JsonObject List(string kind, StripeForm form)
    {
        form.Allow("limit", "starting_after", "payment_intent", "charge", "type", "status", "source");
        var limit = (int)Math.Clamp(form.Number("limit") ?? ListDefault, 1, ListMax);
        string[] filters = ["payment_intent", "charge", "type", "status", "source"];
        lock (_gate)
        {
            ExpireDue();
            var found = _objects.All(kind).Reverse()
                .Where(row => filters.All(name => form[name] is not { } value || (string?)row[name] == value));
            if (form["starting_after"] is { } after)
                found = found.SkipWhile(row => (string)row["id"]! != after).Skip(1);
            var page = found.Take(limit + 1).ToList();
            return new()
            {
                ["object"] = "list",
                ["data"] = new JsonArray([.. page.Take(limit).Select(StripeObjects.Copy)]),
                ["has_more"] = page.Count > limit,
                ["url"] = "/v1",
            };
        }
    }

    JsonObject Get(string kind, string id) => _objects.Find(kind, id) ?? throw StripeRefusal.Missing(kind, id);

    JsonObject LatestCharge(string intent) =>
        (string?)Get("payment_intent", intent)["latest_charge"] is { } charge
            ? Get("charge", charge)
            : throw new StripeRefusal(400, "payment_intent_unexpected_state", "It has no charge.", "payment_intent");

    JsonObject Open(string id)
    {
        ExpireDue();
        var session = Get("checkout.session", id);
        return (string)session["status"]! == "open"
            ? session
            : throw new StripeRefusal(
                400, "checkout_session_not_open", $"This Session is {session["status"]}, not open.");
    }

    void ExpireDue()
    {
        var now = time.GetUtcNow().ToUnixTimeSeconds();
        foreach (var session in _objects.All("checkout.session"))
            if ((string)session["status"]! == "open" && (long)session["expires_at"]! <= now) Expire(session);
    }

    void Expire(JsonObject session)
    {
        session["status"] = "expired";
        session["url"] = null;
        Tell("checkout.session.expired", session);
    }

    void SettleFee(JsonObject charge)
    {
        if (charge["balance_transaction"] is not null) return;
        _objects.AddChargeTransaction(charge);
        Tell("charge.updated", charge);
    }

    void Tell(string type, JsonObject subject) => webhooks.Add(_objects.AddEvent(type, subject));
}

/// <param name="Declined">Why not; null where it was paid.</param>
sealed record StripePayment(string? Declined, string? SuccessUrl, string IntentId);
