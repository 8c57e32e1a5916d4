using System.Text.Json;

namespace Received.Billing.Ledger;

/// <summary>The chart of accounts. Stored: never renumber.</summary>
public enum LedgerAccount
{
    /// <summary>What customers owe on issued invoices.</summary>
    Receivable = 1,

    /// <summary>Earned, not invoiced yet.</summary>
    ContractAsset = 2,

    /// <summary>Money in the bank.</summary>
    Cash = 3,

    /// <summary>Money that Stripe holds for us.</summary>
    StripeClearing = 4,

    /// <summary>Invoiced, not earned yet.</summary>
    DeferredRevenue = 10,

    /// <summary>What customers paid too much.</summary>
    CustomerCredit = 11,

    /// <summary>Money that arrived from nobody knows whom.</summary>
    Unapplied = 12,

    TaxPayable = 13,
    Revenue = 20,

    /// <summary>What payment methods keep.</summary>
    Fees = 30,

    /// <summary>Gains and losses of foreign exchange.</summary>
    ForeignExchange = 31,
}

/// <summary>What an entry books. Stored: never renumber.</summary>
public enum EntryKind
{
    InvoiceIssued = 1,
    InvoiceVoided = 2,
    RevenueRecognised = 3,
    PaymentReceived = 4,
    PaymentAllocated = 5,
    PaymentFee = 6,
    PaymentRefunded = 7,

    /// <summary>Contract asset against deferred revenue: an entry of an earlier month has turned a balance
    /// round.</summary>
    ContractBalanceTurned = 8,
}

/// <summary>Accounts and kinds as the API names them: "contract_asset", "invoice_issued".</summary>
public static class LedgerNames
{
    public static string Of(LedgerAccount account) => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{account}");

    public static string Of(EntryKind kind) => JsonNamingPolicy.SnakeCaseLower.ConvertName($"{kind}");

    public static IEnumerable<string> Accounts => Enum.GetValues<LedgerAccount>().Select(Of);

    public static LedgerAccount? Account(string name)
    {
        foreach (var account in Enum.GetValues<LedgerAccount>())
            if (Of(account) == name) return account;
        return null;
    }
}
