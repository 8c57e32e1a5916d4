using Microsoft.Extensions.Logging;

namespace Received.Billing;

static partial class LogMessages
{
    [LoggerMessage(
        3001, LogLevel.Warning, "Accounts and keys cannot be read at the moment; the last ones known stay in use.")]
    public static partial void AccessUnreadable(this ILogger logger, Exception exception);

    [LoggerMessage(3301, LogLevel.Warning, "{Subject} is left to the next round: {Reason}")]
    public static partial void PaymentLeft(this ILogger logger, string subject, string reason);

    [LoggerMessage(3101, LogLevel.Information, "{Invoices} invoices so far; {Waiting} contracts wait for their usage, "
        + "{Problems} cannot be invoiced.")]
    public static partial void InvoicePage(this ILogger logger, int invoices, int waiting, int problems);

    [LoggerMessage(3102, LogLevel.Error, "Contract '{Contract}' of account {Account} cannot be invoiced: {Reason}")]
    public static partial void ContractNotInvoiced(this ILogger logger, uint account, string contract, string reason);

    [LoggerMessage(
        3010, LogLevel.Warning, "The contracts cannot be read; the doors go on with those that they know.")]
    public static partial void CatalogUnreadable(this ILogger logger, Exception exception);

    [LoggerMessage(
        3011, LogLevel.Error,
        "Contract '{Contract}' of account {Account} cannot be read; the doors check no assertions against it.")]
    public static partial void ContractUnreadable(
        this ILogger logger, uint account, string contract, Exception exception);
}
