using System.ComponentModel.DataAnnotations;

namespace Received.Server.Options;

/// <summary>Options of billing: section <c>Received:Billing</c>.</summary>
public sealed class BillingOptions
{
    /// <summary>
    /// How often it is looked which invoices are due. A look at nothing costs a query; an invoice is issued at most
    /// this
    /// much later than its day begins and its usage is in.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan InvoiceEvery { get; set; } = TimeSpan.FromMinutes(1);
}
