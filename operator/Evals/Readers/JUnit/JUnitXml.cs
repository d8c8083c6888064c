using System.Xml;

namespace AgentReadiness.Evals.Readers.JUnit;

/// <summary>Walks the elements of a document; where it stands is the reader's current element.</summary>
internal sealed class JUnitXml(XmlReader reader)
{
    private const int MaxDepth = 256;
    private const int MaxWord = 64;

    private readonly string space = reader.NamespaceURI;

    /// <summary>Of the current element.</summary>
    public int Depth => reader.Depth;

    /// <summary>As it stands in the file.</summary>
    public string Name => reader.Name;

    /// <summary>
    /// The name without a prefix; null for an element of another namespace than the document's own, which nobody here knows.
    /// </summary>
    public string? Known => reader.NamespaceURI == space ? reader.LocalName : null;

    /// <summary>A text of the file in a message.</summary>
    public static string Short(string text)
    {
        var line = text.Trim().ReplaceLineEndings(" ");
        return line.Length <= MaxWord ? line : line[..(char.IsHighSurrogate(line[MaxWord - 1]) ? MaxWord - 1 : MaxWord)] + "…";
    }

    /// <summary>An attribute of the current element.</summary>
    public string? Attribute(string name) => reader.GetAttribute(name);

    /// <summary>The attributes of the current element, without declarations of namespaces.</summary>
    public IEnumerable<(string Name, string Value)> Attributes()
    {
        var attributes = new List<(string, string)>();
        while (reader.MoveToNextAttribute())
        {
            // By namespace and not by prefix, which a file chooses. Whatever else has a prefix is looked at like any attribute.
            var known = reader.NamespaceURI switch
            {
                "http://www.w3.org/2000/xmlns/" => true,
                "http://www.w3.org/2001/XMLSchema-instance" => reader.LocalName
                    is "schemaLocation"
                        or "noNamespaceSchemaLocation"
                        or "type"
                        or "nil",
                "http://www.w3.org/XML/1998/namespace" => reader.LocalName is "lang" or "space" or "base" or "id",
                _ => false,
            };
            if (!known)
                attributes.Add((reader.Name, reader.Value));
        }
        reader.MoveToElement();
        return attributes;
    }

    /// <summary>Calls back for each child of the current element, and for each text between them; ends at the end of the element.</summary>
    public void Children(Action child, Action<string>? text = null)
    {
        if (reader.IsEmptyElement)
            return;
        var depth = reader.Depth;
        while (reader.Read())
        {
            if (reader.NodeType == XmlNodeType.EndElement && reader.Depth == depth)
                return;
            if (reader.NodeType == XmlNodeType.Element)
                child();
            else if (reader.NodeType is XmlNodeType.Text or XmlNodeType.CDATA && !string.IsNullOrWhiteSpace(reader.Value))
                text?.Invoke(reader.Value);
        }
    }

    /// <summary>To the end of the element, unlike XmlReader.Skip, which goes past it.</summary>
    /// <param name="inner">Is called for each element in it, however deep.</param>
    public void Skip(Action? inner = null) =>
        Children(() =>
        {
            if (reader.Depth > MaxDepth)
                throw ResultsException.Unreadable($"elements nest deeper than {MaxDepth}");
            inner?.Invoke();
        });
}
