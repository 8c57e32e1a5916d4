using System.Text.Json.Nodes;

namespace Received.Server.Demo.FakeStripe;

/// <summary>The objects themselves, with the fields that Stripe gives them; not thread-safe.</summary>
/// <param name="run">In every id.</param>
sealed class StripeObjects(string run, TimeProvider time)
{
    readonly Dictionary<string, List<JsonObject>> _byKind = [];
    readonly Dictionary<string, JsonObject> _byId = [];

    public IReadOnlyList<JsonObject> All(string kind) => _byKind.GetValueOrDefault(kind) ?? [];

    public JsonObject? Find(string kind, string id) =>
        _byId.GetValueOrDefault(id) is { } found && (string)found["object"]! == kind ? found : null;

    /// <summary>As it goes out: without what only the stand-in knows of it (names with _ before).</summary>
    public static JsonObject Copy(JsonObject original)
    {
        var copy = (JsonObject)original.DeepClone();
        foreach (var (name, _) in original)
            if (name[0] == '_') copy.Remove(name);
        return copy;
    }

    /// <summary>Puts objects in the place of ids, along a path such as latest_charge.balance_transaction.</summary>
    public void Expand(JsonObject copy, ReadOnlySpan<string> path)
    {
        if (path.Length == 0 || (string?)copy[path[0]] is not { } id || !_byId.TryGetValue(id, out var found)) return;
        var inner = Copy(found);
        Expand(inner, path[1..]);
        copy[path[0]] = inner;
    }

    public JsonObject AddSession(
        StripeForm form, long amount, string currency, DateTimeOffset expires, string pageAddress)
    {
        var session = Add("cs_test", "checkout.session", new()
        {
            ["amount_subtotal"] = amount,
            ["amount_total"] = amount,
            ["cancel_url"] = form["cancel_url"],
            ["client_reference_id"] = form["client_reference_id"],
            ["currency"] = currency,
            ["customer_email"] = form["customer_email"],
            ["expires_at"] = expires.ToUnixTimeSeconds(),
            ["metadata"] = Metadata(form, "metadata"),
            ["mode"] = "payment",
            // Made when the customer first tries to pay, as at Stripe.
            ["payment_intent"] = null,
            ["payment_status"] = "unpaid",
            ["status"] = "open",
            ["success_url"] = form["success_url"],
        });
        session["url"] = pageAddress + session["id"];
        session["_intent_metadata"] = Metadata(form, "payment_intent_data[metadata]");
        return session;
    }

    public JsonObject IntentOf(JsonObject session)
    {
        if ((string?)session["payment_intent"] is { } id) return _byId[id];
        var intent = Add("pi", "payment_intent", new()
        {
            ["amount"] = (long)session["amount_total"]!,
            ["amount_received"] = 0L,
            ["currency"] = (string)session["currency"]!,
            ["last_payment_error"] = null,
            ["latest_charge"] = null,
            ["metadata"] = session["_intent_metadata"]!.DeepClone(),
            ["status"] = "requires_payment_method",
        });
        session["payment_intent"] = (string)intent["id"]!;
        return intent;
    }

    /// <param name="code">Why it failed; null where it did not.</param>
    public JsonObject AddCharge(JsonObject intent, TestCard card, string? code)
    {
        var charge = Add("ch", "charge", new()
        {
            ["amount"] = (long)intent["amount"]!,
            ["amount_captured"] = code is null ? (long)intent["amount"]! : 0L,
            ["amount_refunded"] = 0L,
            ["balance_transaction"] = null,
            ["captured"] = code is null,
            ["currency"] = (string)intent["currency"]!,
            ["disputed"] = card.IsDisputed,
            ["failure_code"] = code,
            ["metadata"] = intent["metadata"]!.DeepClone(),
            ["outcome"] = new JsonObject { ["type"] = code is null ? "authorized" : "issuer_declined" },
            ["paid"] = code is null,
            ["payment_intent"] = (string)intent["id"]!,
            ["payment_method_details"] = new JsonObject
            {
                ["type"] = "card",
                ["card"] = new JsonObject { ["brand"] = card.Brand },
            },
            ["refunded"] = false,
            ["status"] = code is null ? "succeeded" : "failed",
        });
        charge["_refund_status"] = card.RefundStatus;
        intent["latest_charge"] = (string)charge["id"]!;
        return charge;
    }

    public static void Decline(JsonObject intent, JsonObject charge, string code, string? declineCode)
    {
        intent["status"] = "requires_payment_method";
        intent["last_payment_error"] = new JsonObject
        {
            ["type"] = "card_error",
            ["code"] = code,
            ["decline_code"] = declineCode,
            ["message"] = "Your card was declined.",
            ["charge"] = (string)charge["id"]!,
        };
    }

    /// <summary>Its fee is 2.9 % and 30 of the smallest unit, rounded half up.</summary>
    public void AddChargeTransaction(JsonObject charge)
    {
        var amount = (long)charge["amount"]!;
        charge["balance_transaction"] = AddTransaction(charge, "charge", amount, ((amount * 29) + 500) / 1_000 + 30);
    }

    public JsonObject AddRefund(StripeForm form, JsonObject charge, long amount)
    {
        var refund = Add("re", "refund", new()
        {
            ["amount"] = amount,
            ["balance_transaction"] = null,
            ["charge"] = (string)charge["id"]!,
            ["currency"] = (string)charge["currency"]!,
            ["metadata"] = Metadata(form, "metadata"),
            ["payment_intent"] = (string)charge["payment_intent"]!,
            ["reason"] = form["reason"],
            ["status"] = (string)charge["_refund_status"]!,
        });
        refund["balance_transaction"] = AddTransaction(refund, "refund", -amount, 0);
        charge["amount_refunded"] = (long)charge["amount_refunded"]! + amount;
        charge["refunded"] = (long)charge["amount_refunded"]! == (long)charge["amount"]!;
        return refund;
    }

    public JsonObject AddDispute(JsonObject charge) => Add("dp", "dispute", new()
    {
        ["amount"] = (long)charge["amount"]!,
        ["charge"] = (string)charge["id"]!,
        ["currency"] = (string)charge["currency"]!,
        ["payment_intent"] = (string)charge["payment_intent"]!,
        ["reason"] = "fraudulent",
        ["status"] = "needs_response",
    });

    public JsonObject AddEvent(string type, JsonObject subject) => Add("evt", "event", new()
    {
        ["api_version"] = StripeWire.ApiVersion,
        ["data"] = new JsonObject { ["object"] = Copy(subject) },
        ["pending_webhooks"] = 1,
        ["request"] = new JsonObject { ["id"] = null, ["idempotency_key"] = null },
        ["type"] = type,
    });

    string AddTransaction(JsonObject source, string type, long amount, long fee)
    {
        var transaction = Add("txn", "balance_transaction", new()
        {
            ["amount"] = amount,
            ["available_on"] = time.GetUtcNow().AddDays(2).ToUnixTimeSeconds(),
            ["currency"] = (string)source["currency"]!,
            ["exchange_rate"] = null,
            ["fee"] = fee,
            ["fee_details"] = new JsonArray(),
            ["net"] = amount - fee,
            ["reporting_category"] = type,
            ["source"] = (string)source["id"]!,
            ["status"] = "pending",
            ["type"] = type,
        });
        return (string)transaction["id"]!;
    }

    JsonObject Add(string prefix, string kind, JsonObject fields)
    {
        fields["id"] = $"{prefix}_{run}{_byId.Count:x8}";
        fields["object"] = kind;
        fields["created"] = time.GetUtcNow().ToUnixTimeSeconds();
        fields["livemode"] = false;
        if (!_byKind.TryGetValue(kind, out var all)) _byKind[kind] = all = [];
        all.Add(fields);
        _byId[(string)fields["id"]!] = fields;
        return fields;
    }

    static JsonObject Metadata(StripeForm form, string name) =>
        new(form.Below(name).Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
}
