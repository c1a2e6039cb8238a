// The button that clears the column filters of a list.
export const ClearFilters = ({ onClear }: { readonly onClear: () => void }) => (
  <button type="button" className="button quiet" onClick={onClear}>
    Clear column filters
  </button>
)
