using System.Text;
using AgentReadiness.Pricing;

namespace AgentReadiness.Guardrail.Configuration;

/// <summary>
/// The prices that the platform lays over the shipped ones. A file that cannot be used is reported once, and the last good one stays.
/// </summary>
internal sealed class PriceFile(string path, PriceCatalog shipped, ILogger logger)
{
    // Null: there is no file, which is as good as any.
    private byte[]? content;
    private PriceCatalog? merged;

    /// <summary>The prices in force.</summary>
    public PriceCatalog Catalog => merged ?? shipped;

    /// <summary>Looks at the file once; true where other prices came into force.</summary>
    public bool Reload()
    {
        try
        {
            var next = Read();
            if (next is null ? content is null : content is not null && next.AsSpan().SequenceEqual(content))
                return false;
            content = next;
            var own = next is null ? null : PriceCatalog.Parse(Encoding.UTF8.GetString(next));
            merged = own is null ? null : shipped.Merge(own);
            logger.PricesLoaded(Catalog.Count, own?.Count ?? 0);
            return true;
        }
        catch (FormatException exception)
        {
            logger.PricesRejected("InvalidPrices", exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            logger.PricesRejected("UnreadablePrices", exception.Message);
        }
        return false;
    }

    private byte[]? Read()
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
