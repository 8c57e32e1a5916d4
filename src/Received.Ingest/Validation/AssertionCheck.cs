using Received.Ingest.Formats;
using Received.Model;
using Received.Model.Catalog;

namespace Received.Ingest.Validation;

/// <summary>
/// What events assert of their contract, against the catalog in memory: an event that every line which applies to it
/// contradicts is refused. Nothing is allocated, and an event that asserts nothing costs two comparisons.
/// </summary>
static class AssertionCheck
{
    public static void Apply(
        CatalogSnapshot catalog, AccountId account, ParsedEvents events, ReadOnlySpan<byte> body, ref ParsedEvent e)
    {
        if (catalog.Count == 0 || e.Reason != RejectReason.None || (e.Currency.IsEmpty && e.EntityRef.IsEmpty)) return;
        var fit = catalog.Check(
            account, events.Text(body, e.CustomerRef), events.Text(body, e.ProductRef), e.TimestampMs,
            events.Text(body, e.Currency), events.Text(body, e.EntityRef));
        if (FieldOf(fit) is { } field) ParsedEvents.Refuse(ref e, RejectReason.ValidationMismatch, field);
    }

    static EventField? FieldOf(AssertionFit fit) => fit switch
    {
        AssertionFit.Fits => null,
        AssertionFit.WrongCurrency => EventField.Currency,
        AssertionFit.WrongEntity => EventField.EntityRef,
        AssertionFit.WrongTogether => EventField.Validations,
    };
}
